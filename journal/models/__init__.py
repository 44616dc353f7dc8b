"""What the system did and must tell, and the mail that it sends."""

from journal.models.mail import Mail
from journal.models.working import Alarm, AuditEntry, Heartbeat, JobRun

__all__ = ["Alarm", "AuditEntry", "Heartbeat", "JobRun", "Mail"]
