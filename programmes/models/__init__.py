"""Rows of the programmes' room."""

from programmes.models.admissions import WAYS, Admission, Sponsorship
from programmes.models.applications import Application, ApplicationWords, Milestone
from programmes.models.programmes import (
    SLUG,
    Facilitator,
    Goal,
    MetaProgramme,
    Programme,
    ProgrammeQuerySet,
    Typology,
)
from programmes.models.statements import ProgrammeRevision, RevisionWords

__all__ = [
    "SLUG",
    "WAYS",
    "Admission",
    "Application",
    "ApplicationWords",
    "Facilitator",
    "Goal",
    "MetaProgramme",
    "Milestone",
    "Programme",
    "ProgrammeQuerySet",
    "ProgrammeRevision",
    "RevisionWords",
    "Sponsorship",
    "Typology",
]
