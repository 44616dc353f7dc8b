"""Celery: tick asks the rows what is due; see `votes.tasks`."""

import os

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tpp.settings")

app = Celery("tpp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.worker_init.connect
@signals.beat_init.connect
def exit_where_the_start_is_forbidden(**_: object) -> None:
    """The same for worker and beat as for the web server."""
    from tpp.start import exit_if_forbidden  # here, because Django is set up by now

    exit_if_forbidden()
