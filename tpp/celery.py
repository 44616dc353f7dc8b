"""Celery: tick asks the rows what is due; see `votes.tasks`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tpp.settings")

app = Celery("tpp")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
