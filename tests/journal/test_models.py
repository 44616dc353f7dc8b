"""What is written down of scheduled work cannot be nonsense."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from journal.clock import database_clock
from journal.models import JobRun


@pytest.mark.django_db
def test_a_run_finishes_after_it_started() -> None:
    at = database_clock()
    run = {"step": "close", "subject": "cycle/1", "due_at": at, "started_at": at}
    assert str(JobRun.objects.create(**run, finished_at=at)) == "close cycle/1"
    with pytest.raises(IntegrityError, match="a_run_finishes_after_it_started"):
        JobRun.objects.create(**run, finished_at=at - timedelta(microseconds=1))
