"""Verbs of the programmes' room."""

from programmes.actions.admitting import admit_programmes, decide_admissions
from programmes.actions.applying import NewApplication, NewMilestone, send_application
from programmes.actions.community import (
    OPERATOR,
    CommunityValues,
    check_is_admin,
    found_community,
    in_words,
    publish_power,
)
from programmes.actions.editing import Conflict, edit_programme
from programmes.actions.founding import PALETTE, default_threshold, found_meta_programme, found_programme
from programmes.actions.proposing import propose_programme
from programmes.actions.sponsoring import say_sponsorship, sponsor_powers
from programmes.checks import NewGoal, NewTypology, Statement

__all__ = [
    "OPERATOR",
    "PALETTE",
    "CommunityValues",
    "Conflict",
    "NewApplication",
    "NewGoal",
    "NewMilestone",
    "NewTypology",
    "Statement",
    "admit_programmes",
    "check_is_admin",
    "decide_admissions",
    "default_threshold",
    "edit_programme",
    "found_community",
    "found_meta_programme",
    "found_programme",
    "in_words",
    "propose_programme",
    "publish_power",
    "say_sponsorship",
    "send_application",
    "sponsor_powers",
]
