"""Verbs of the programmes' room."""

from programmes.actions.admitting import admit_programmes, decide_admissions
from programmes.actions.applying import NewApplication, NewMilestone, send_application
from programmes.actions.editing import Conflict, edit_programme
from programmes.actions.founding import PALETTE, found_meta_programme, found_programme
from programmes.actions.proposing import propose_programme
from programmes.actions.sponsoring import say_sponsorship, sponsor_powers
from programmes.checks import NewGoal, NewTypology, Statement

__all__ = [
    "PALETTE",
    "Conflict",
    "NewApplication",
    "NewGoal",
    "NewMilestone",
    "NewTypology",
    "Statement",
    "admit_programmes",
    "decide_admissions",
    "edit_programme",
    "found_meta_programme",
    "found_programme",
    "propose_programme",
    "say_sponsorship",
    "send_application",
    "sponsor_powers",
]
