"""The verifier of a record: needs no server, no database, no account. `tpp-verify FILE` runs it."""

from .checks import CHECKS, Check, Finding, Outcome, Status
from .run import Options, Verdict, verify

__all__ = ["CHECKS", "Check", "Finding", "Options", "Outcome", "Status", "Verdict", "verify"]
