"""The demo's year: past cycles with signed ballots, the open one, and what people said around them."""

import random
from collections import Counter
from datetime import datetime, timedelta

from accounts.models import Wallet
from deliberation.actions import publish_post
from deliberation.models import Thread
from programmes.models import MetaProgramme, Programme, Typology
from tpp.demo.content import Community, Delegate, Story, demo_address
from tpp.demo.voting import fill_in, takes_part
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result, settle_cycle
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.actions.past import record_ballot
from votes.models import Announcement, Cycle, Schedule
from votes.record.instants import microseconds
from votes.record.rules import Instants, Rules

MONTH = timedelta(days=30)
EARLY = 19  # ballots that are in when the demo starts


def past_cycle(*, schedule: Schedule, story: Story, people: Community, now: datetime) -> Cycle:
    """A settled cycle of origin demo, through the same verbs as a live one, at instants that are past."""
    chance = random.Random(1000 + story.number)  # noqa: S311 (the same year in every demo)
    opens_at = _whole_hour(now) - (len(people.stories) + 1 - story.number) * MONTH
    instants = Instants(
        announced_at=opens_at - timedelta(days=7),
        snapshot_at=opens_at - timedelta(days=1),
        opens_at=opens_at,
        closes_at=opens_at + timedelta(days=5),
        settles_at=opens_at + timedelta(days=8),
    )
    cycle = plan_cycle(
        schedule=schedule, instants=instants, at=instants.announced_at, origin="demo", number=story.number
    )
    rules = _announce(cycle, instants.announced_at)
    for received_at, delegate in _arrivals(people, story, instants, chance):
        newest = cycle.ballots.filter(voter=delegate.address).count()
        submission = fill_in(delegate=delegate, story=story, rules=rules, nonce=newest + 1, chance=chance)
        record_ballot(
            cycle=cycle,
            signed=submission.ballot,
            rules=rules,
            signature=submission.signature,
            received_at=received_at,
        )
    late = timedelta(milliseconds=chance.randint(180, 900))
    close_cycle(cycle_id=cycle.pk, at=instants.closes_at + late)
    publish_result(cycle_id=cycle.pk, at=instants.closes_at + 2 * late)
    settle_cycle(cycle_id=cycle.pk, at=instants.settles_at + 3 * late)
    return cycle


def open_cycle(*, schedule: Schedule, people: Community, at: datetime) -> Cycle:
    """A live cycle that is open now, with the ballots of the early ones, cast like anybody's."""
    story = people.open_story
    chance = random.Random(1000 + story.number)  # noqa: S311
    instants = schedule.instants(schedule.first_opens_at)
    cycle = plan_cycle(schedule=schedule, instants=instants, at=instants.announced_at, number=story.number)
    rules = _announce(cycle, instants.announced_at)
    early = [d for d in people.delegates if not d.late and d.label in story.reasons]
    others = [d for d in people.delegates if not d.late and d.label not in story.reasons]
    for delegate in (early + chance.sample(others, len(others)))[:EARLY]:
        submission = fill_in(delegate=delegate, story=story, rules=rules, nonce=1, chance=chance)
        cast_ballot(number=cycle.number, submission=submission, at=at)
    return cycle


def talk(people: Community, *, now: datetime) -> None:
    """Everything that was said, in the threads it belongs to, at the time it was said."""
    starts = {cycle.number: cycle for cycle in Cycle.objects.all()}
    turns: Counter[tuple[int, str]] = Counter()
    threads = _threads()
    authors = {wallet.address: wallet for wallet in Wallet.objects.all()}
    for post in people.posts:
        turn = turns[post.cycle, post.when]
        turns[post.cycle, post.when] += 1
        publish_post(
            thread=threads[post.on],
            author=authors[demo_address(post.who)],
            text=post.text,
            at=min(_moment(starts[post.cycle], post.when, turn), now),
        )
    for story in people.stories:
        if story.outcome:
            publish_post(
                thread=threads[f"cycle/{story.number}"],
                author=authors[demo_address(story.outcome_by)],
                text=story.outcome,
                at=starts[story.number].settles_at + timedelta(hours=20),
            )


def _announce(cycle: Cycle, at: datetime) -> Rules:
    announce_cycle(cycle_id=cycle.pk, at=at)
    freeze_power(cycle_id=cycle.pk, at=cycle.snapshot_at)
    return Announcement.objects.get(cycle=cycle).rules


def _arrivals(
    people: Community, story: Story, instants: Instants, chance: random.Random
) -> list[tuple[datetime, Delegate]]:
    """Who votes when: some late, one in seven changes the ballot later."""
    length = instants.closes_at - instants.opens_at
    arrivals = []
    for delegate in people.delegates:
        if not takes_part(delegate, story, chance):
            continue
        first = chance.uniform(0.93, 0.9995) if delegate.late else chance.betavariate(1.2, 2.2)
        arrivals.append((instants.opens_at + first * length, delegate))
        if chance.randrange(7) == 0:
            arrivals.append((instants.opens_at + chance.uniform(first, 0.9999) * length, delegate))
    return sorted(arrivals, key=lambda arrival: microseconds(arrival[0]))


def _moment(cycle: Cycle, when: str, turn: int) -> datetime:
    """An instant around the cycle: posts of one kind follow each other by some hours."""
    start = {
        "before": cycle.opens_at - timedelta(days=6),
        "during": cycle.opens_at,
        "after": cycle.settles_at,
    }[when]
    if cycle.origin == "live":
        start = cycle.opens_at - timedelta(days=6 if when == "before" else 1)
    step = timedelta(hours=4, minutes=37) if cycle.origin == "demo" else timedelta(minutes=53)
    return start + (turn + 1) * step


def _whole_hour(at: datetime) -> datetime:
    return at.replace(hour=18, minute=0, second=0, microsecond=0)


def _threads() -> dict[str, Thread]:
    threads = {"meta": MetaProgramme.objects.select_related("thread").get().thread}
    for programme in Programme.objects.select_related("thread"):
        threads[f"programme/{programme.slug}"] = programme.thread
    for typology in Typology.objects.select_related("thread", "programme"):
        threads[f"typology/{typology.programme.slug}/{typology.slug}"] = typology.thread
    for cycle in Cycle.objects.select_related("thread"):
        threads[f"cycle/{cycle.number}"] = cycle.thread
    return threads
