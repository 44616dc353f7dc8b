"""Builders' applications: what a machine can check is answered at once; what passes is public at once."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.db import transaction

from accounts.models import Wallet
from deliberation.actions import open_thread
from programmes.checks import Fault, Faults
from programmes.documents import sha256_of
from programmes.models import Application, ApplicationWords, Milestone, Typology

MOST_MILESTONES = 24
MOST_LINKS = 10
MOST_APPLICATIONS_A_DAY = 20
LONGEST_PLAN = timedelta(days=5 * 366)


@dataclass(frozen=True)
class NewMilestone:
    """An objective measure, how much is enough, where that can be read, until when, for how much [base units]."""

    measure: str
    target: str
    source: str
    due_on: date
    amount: int


@dataclass(frozen=True)
class NewApplication:
    """What a builder sends. `payee` a canonical address, `amount` [base units]."""

    title: str
    who: str
    what: str
    conflicts: str
    links: tuple[str, ...]
    payee: str
    amount: int


def send_application(
    *,
    typology: Typology,
    applicant: Wallet,
    application: NewApplication,
    milestones: Sequence[NewMilestone],
    at: datetime,
) -> Application:
    """Store an application with its thread, all or nothing; it is public then. Raises Faults."""
    faults = application_faults(application, milestones, at.date())
    recent = Application.objects.filter(applicant=applicant, sent_at__gt=at - timedelta(days=1)).count()
    if recent >= MOST_APPLICATIONS_A_DAY:
        words = f"You sent {MOST_APPLICATIONS_A_DAY} applications within a day. Come back tomorrow."
        faults.insert(0, Fault("too_many_applications", "", words))
    if faults:
        raise Faults(faults)
    return _store(typology, applicant, application, milestones, at)


@transaction.atomic
def _store(
    typology: Typology,
    applicant: Wallet,
    application: NewApplication,
    milestones: Sequence[NewMilestone],
    at: datetime,
) -> Application:
    told = {name: getattr(application, name) for name in ("title", "who", "what", "conflicts", "links")}
    told["milestones"] = [
        {name: value for name, value in asdict(milestone).items() if name in ("measure", "target", "source")}
        for milestone in milestones
    ]
    document = json.dumps(told, ensure_ascii=False, sort_keys=True)
    thread = open_thread(title=application.title, address="", at=at, parent=typology.thread)
    row = Application.objects.create(
        typology=typology,
        applicant=applicant,
        payee=application.payee,
        amount=application.amount,
        sent_at=at,
        words_sha256=sha256_of(document),
        thread=thread,
    )
    thread.address = row.get_absolute_url()
    thread.save(update_fields=["address"])
    ApplicationWords.objects.create(application=row, document=document)
    Milestone.objects.bulk_create(
        Milestone(application=row, number=number, due_on=milestone.due_on, amount=milestone.amount)
        for number, milestone in enumerate(milestones, start=1)
    )
    return row


def application_faults(
    application: NewApplication, milestones: Sequence[NewMilestone], today: date
) -> list[Fault]:
    """What a machine can check: sums, amounts, dates, links. `today` in UTC."""
    faults = []
    if application.amount <= 0:
        faults.append(Fault("no_amount", "amount", "Ask for more than nothing."))
    if not milestones:
        faults.append(Fault("no_milestone", "", "An application needs at least one milestone.", "milestones"))
    if len(milestones) > MOST_MILESTONES:
        words = f"An application has at most {MOST_MILESTONES} milestones."
        return [*faults, Fault("too_many_milestones", "", words, "milestones")]
    last: date | None = None
    for row, milestone in enumerate(milestones):
        faults += _milestone_faults(milestone, last, today, row)
        last = milestone.due_on
    if milestones and sum(milestone.amount for milestone in milestones) != application.amount:
        words = "The milestones' amounts do not come to the amount that is asked for. Make the two equal."
        faults.append(Fault("sums_differ", "amount", words))
    return faults + _link_faults(application.links)


def _milestone_faults(milestone: NewMilestone, last: date | None, today: date, row: int) -> list[Fault]:
    faults = []
    if milestone.amount <= 0:
        faults.append(Fault("no_amount", "amount", "A milestone pays more than nothing.", "milestones", row))
    if milestone.due_on <= today:
        words = "This date is not in the future."
        faults.append(Fault("date_passed", "due_on", words, "milestones", row))
    elif milestone.due_on > today + LONGEST_PLAN:
        words = "This date is more than five years away."
        faults.append(Fault("date_too_far", "due_on", words, "milestones", row))
    elif last and milestone.due_on < last:
        words = "This milestone is due before the one above it. Put them in order of date."
        faults.append(Fault("dates_disordered", "due_on", words, "milestones", row))
    return faults


def _link_faults(links: Sequence[str]) -> list[Fault]:
    if len(links) > MOST_LINKS:
        return [Fault("too_many_links", "links", f"At most {MOST_LINKS} links, one a line.")]
    for link in links:
        try:
            parts = urlsplit(link)
        except ValueError:
            parts = urlsplit("")
        if parts.scheme not in ("http", "https") or not parts.hostname or any(c.isspace() for c in link):
            words = f"“{link[:60]}” is no web address. Write one a line, each beginning with https://."
            return [Fault("bad_link", "links", words)]
    return []
