"""Housekeeping that belongs to no app."""

from celery import shared_task
from django.contrib.sessions.backends.db import SessionStore


@shared_task
def clear_sessions() -> None:
    """Delete the sessions that have expired; each visit to the sign-in page leaves one."""
    SessionStore.clear_expired()
