"""Tree heads: each extends the last, each ballot has its place, voters do not wait, the certificate covers all."""

import time
from datetime import datetime, timedelta
from functools import partial

import psycopg
import pytest
from django.db import DatabaseError, transaction
from pytest_django import Settings

from journal.clock import database_clock
from journal.models import JobRun
from journal.refusal import Refusal
from tests.factories import HOUR, UNIT, Community, make_community, make_cycle, signed
from tests.races import at_once, threads, wait_until_blocked
from votes.actions.ballots import append_ballot, cast_ballot
from votes.actions.closing import close_cycle
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.actions.heads import QUIET, extend_tree, head_due_at, heads_due, publish_head
from votes.actions.past import record_ballot
from votes.actions.steps import run_step
from votes.models import Ballot, BallotPosition, Certificate, Cycle, Tree, TreeHead, TreeNode
from votes.record import heads as record
from votes.record.ballot import ballot_digest
from votes.record.instants import microseconds
from votes.record.merkle import ballot_leaf, leaf_hash, root
from votes.record.rules import Instants

CROWD = [f"voter {number}" for number in range(32)]
SECOND = timedelta(seconds=1)


@pytest.fixture
def community() -> Community:
    return make_community(dict.fromkeys(CROWD, UNIT))


def cast(cycle: Cycle, name: str, nonce: int = 1) -> Ballot:
    submission = signed(name, cycle, nonce=nonce)
    return cast_ballot(number=cycle.number, submission=submission, at=database_clock()).ballot


def publish(cycle: Cycle, later: timedelta = timedelta(0)) -> bool:
    return publish_head(cycle_id=cycle.pk, at=database_clock() + later)


def leaf_hashes(cycle: Cycle) -> list[bytes]:
    """Of all ballots that have positions, made anew from their rows."""
    placed = Ballot.objects.filter(place__cycle=cycle).order_by("place__position")
    return [leaf_hash(ballot_leaf(each.tree_key, microseconds(each.received_at))) for each in placed]


def assert_heads_hold(cycle: Cycle) -> list[TreeHead]:
    """Each head is signed and is the root over the first ballots; their sizes and instants ascend."""
    hashes, rules = leaf_hashes(cycle), cycle.announcement.rules
    positions = BallotPosition.objects.filter(cycle=cycle).order_by("position")
    assert list(positions.values_list("position", flat=True)) == list(range(len(hashes)))
    heads = list(cycle.heads.order_by("pk"))
    for head in heads:
        assert bytes(head.root) == root(hashes[: head.size])
        signed_head = record.TreeHead(
            str(cycle.number), rules.hash, head.size, bytes(head.root), head.published_at
        )
        assert record.verify_head(rules.receipt_key, signed_head, bytes(head.signature))
    assert [head.size for head in heads] == sorted(head.size for head in heads)
    instants = [head.published_at for head in heads]
    assert instants == sorted(set(instants))
    certificate = Certificate.objects.filter(cycle=cycle).first()
    if certificate:
        assert bytes(certificate.merkle_root) == root(hashes)
        assert certificate.ballot_count == len(hashes) == cycle.ballots.count()
    return heads


# When


@pytest.mark.django_db
def test_the_first_head_comes_at_the_opening_then_each_time_there_is_something_new(
    community: Community,
) -> None:
    cycle = make_cycle(community)
    assert publish(cycle)
    assert not publish(cycle)
    assert not publish(cycle, 30 * SECOND), "nothing new"
    assert publish(cycle, QUIET), "a sign of life"
    cycle = make_cycle(community, opens_in=48 * HOUR)
    assert not publish(cycle, 48 * HOUR - SECOND)
    assert publish(cycle, 48 * HOUR + SECOND)
    assert not publish(cycle, 72 * HOUR + SECOND), "closed"


@pytest.mark.django_db
def test_ballots_get_their_places_by_the_next_head_and_it_is_not_more_frequent_than_stated(
    community: Community,
) -> None:
    cycle = make_cycle(community)
    assert publish(cycle)
    ballot = cast(cycle, CROWD[0])
    assert not publish(cycle), "another one within the same seconds"
    assert not BallotPosition.objects.exists()
    assert publish(cycle, 4 * SECOND)
    assert BallotPosition.objects.get().ballot == ballot
    assert [head.size for head in assert_heads_hold(cycle)] == [0, 1]


@pytest.mark.django_db
def test_no_head_before_power_is_frozen_and_none_of_a_cancelled_or_certified_cycle(
    community: Community,
) -> None:
    cycle = make_cycle(community, frozen=False)
    assert not publish(cycle)
    assert list(heads_due(database_clock())) == []
    done = make_cycle(community, opens_in=-60 * HOUR)
    assert close_cycle(cycle_id=done.pk, at=done.closes_at)
    assert not publish_head(cycle_id=done.pk, at=done.opens_at)
    assert head_due_at(cycle) == cycle.opens_at


@pytest.mark.django_db
def test_a_ballot_with_an_instant_before_the_last_head_is_found_all_the_same(community: Community) -> None:
    """As where the clock was set back, or a ballot waited for its verdict; whatever comes, the certificate covers."""
    at = database_clock()
    instants = Instants(at - 5 * HOUR, at - 3 * HOUR, at - 2 * HOUR, at + HOUR, at + 2 * HOUR)
    cycle = plan_cycle(
        schedule=community.schedule, instants=instants, at=instants.announced_at, origin="demo"
    )
    assert announce_cycle(cycle_id=cycle.pk, at=instants.announced_at)
    assert freeze_power(cycle_id=cycle.pk, at=instants.snapshot_at)
    cycle = Cycle.objects.get(pk=cycle.pk)
    rules = cycle.announcement.rules

    def receive(name: str, received_at: datetime) -> None:
        given = signed(name, cycle)
        record_ballot(
            cycle=cycle,
            signed=given.ballot,
            rules=rules,
            signature=given.signature,
            received_at=received_at,
        )

    receive(CROWD[0], at)
    assert publish(cycle)
    receive(CROWD[1], TreeHead.objects.get().published_at - 5 * SECOND)
    receive(CROWD[2], at - HOUR)
    assert publish(cycle, 4 * SECOND)
    assert [head.size for head in assert_heads_hold(cycle)] == [1, 3]
    receive(CROWD[3], at - HOUR)
    assert list(heads_due(database_clock() + 8 * SECOND)) == [cycle]
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert_heads_hold(cycle)
    assert Certificate.objects.get().ballot_count == 4


# What the tree is made of


@pytest.mark.django_db
def test_a_tree_read_in_tiles_is_the_tree_hashed_anew(community: Community, settings: Settings) -> None:
    settings.TPP_HEAD_SECONDS = 0
    cycle = make_cycle(community)
    given = signed(CROWD[0], cycle)
    for count in (1, 254, 1, 1, 300):  # through the end of a tile
        have = cycle.ballots.count()
        Ballot.objects.bulk_create(
            Ballot(
                cycle=cycle,
                voter="0x" + f"{have + place:040x}",
                sequence=1,
                nonce=1,
                options=[],
                shares=[],
                reason_hash=bytes(32),
                digest=(have + place).to_bytes(32, "big"),
                signature=given.signature,
            )
            for place in range(count)
        )
        assert publish(cycle)
    heads = assert_heads_hold(cycle)
    assert [head.size for head in heads] == [1, 255, 256, 257, 557]
    hashes = leaf_hashes(cycle)
    assert [(node.level, node.index, bytes(node.hash)) for node in TreeNode.objects.order_by("pk")] == [
        (8, 0, root(hashes[:256])),
        (8, 1, root(hashes[256:512])),
    ]
    for size in (1, 100, 256, 300, 512, 557):
        assert Tree(cycle.pk).root_of(0, size) == root(hashes[:size])
        assert Tree(cycle.pk).frontier(size).root() == root(hashes[:size])


@pytest.mark.django_db
def test_closing_is_right_without_any_head_and_goes_on_from_the_last_one(community: Community) -> None:
    cycle = make_cycle(community)
    for name in CROWD[:3]:
        cast(cycle, name)
    assert publish(cycle)
    for name in CROWD[3:5]:
        cast(cycle, name)
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert [head.size for head in assert_heads_hold(cycle)] == [3]
    other = make_cycle(community, opens_in=-60 * HOUR, voting=HOUR)
    assert close_cycle(cycle_id=other.pk, at=other.closes_at)
    assert assert_heads_hold(other) == []


# What the database refuses


def head_row(cycle: Cycle, size: int, root: bytes, later: timedelta) -> TreeHead:
    at = database_clock() + later
    return TreeHead.objects.create(cycle=cycle, size=size, root=root, published_at=at, signature=bytes(64))


@pytest.mark.django_db
def test_the_database_refuses_every_head_that_does_not_extend_the_last(community: Community) -> None:
    cycle = make_cycle(community)
    cast(cycle, CROWD[0])
    assert publish(cycle)
    right = bytes(TreeHead.objects.get().root)
    assert head_row(cycle, 1, right, SECOND)
    for size, hash, later, state in (
        (1, bytes(32), 2 * SECOND, "TP014"),
        (1, right, -SECOND, "TP014"),
        (0, root([]), 2 * SECOND, "TP013"),
        (2, right, 2 * SECOND, "TP013"),
    ):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            head_row(cycle, size, hash, later)
        assert getattr(refused.value.__cause__, "sqlstate", None) == state
    for count, hash in ((0, root([])), (1, bytes(32))):
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            Certificate.objects.create(
                cycle=cycle,
                certified_at=cycle.closes_at,
                ballot_count=count,
                merkle_root=hash,
                rules_hash=bytes(32),
            )
        assert getattr(refused.value.__cause__, "sqlstate", None) == "TP015"
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        head_row(cycle, 1, right, 2 * SECOND)
    assert getattr(refused.value.__cause__, "sqlstate", None) == "TP010"


@pytest.mark.django_db
def test_the_database_refuses_positions_with_a_gap_after_the_certificate_or_of_another_cycle(
    community: Community,
) -> None:
    cycle, other = make_cycle(community), make_cycle(community, opens_in=48 * HOUR)
    first, second = (cast(cycle, name) for name in CROWD[:2])
    for where, position, ballot, state in (
        (cycle, 1, first, "TP011"),
        (other, 0, first, "TP012"),
        (cycle, 0, first, None),
        (cycle, 2, second, "TP011"),
    ):
        if state is None:
            BallotPosition.objects.create(cycle=where, position=position, ballot=ballot)
            continue
        with pytest.raises(DatabaseError) as refused, transaction.atomic():
            BallotPosition.objects.create(cycle=where, position=position, ballot=ballot)
        assert getattr(refused.value.__cause__, "sqlstate", None) == state
    Certificate.objects.create(
        cycle=cycle, certified_at=cycle.closes_at, ballot_count=1, merkle_root=bytes(32), rules_hash=bytes(32)
    )
    with pytest.raises(DatabaseError) as refused, transaction.atomic():
        BallotPosition.objects.create(cycle=cycle, position=1, ballot=second)
    assert getattr(refused.value.__cause__, "sqlstate", None) == "TP010"


# The clockwork


@pytest.mark.django_db
def test_only_the_first_head_and_the_first_after_a_failure_are_written_down(
    community: Community, settings: Settings
) -> None:
    cycle = make_cycle(community)
    right = settings.TPP_RECEIPT_KEY
    at = database_clock()
    for minute in range(9):
        settings.TPP_RECEIPT_KEY = "11" * 32 if minute in (3, 4) else right
        run = partial(run_step, name="head", cycle_id=cycle.pk, at=at + minute * (QUIET + SECOND))
        assert run() is (minute not in (3, 4))
    runs = JobRun.objects.order_by("pk")
    assert [(run.step, bool(run.failure)) for run in runs] == [
        ("head", False),
        ("head", True),
        ("head", False),
    ]
    assert runs[0].due_at == cycle.opens_at
    assert runs[1].due_at == cycle.heads.order_by("pk")[2].published_at + QUIET
    assert cycle.heads.count() == 7


# At the same time

at_all = pytest.mark.django_db(transaction=True)


@at_all
def test_voters_wait_for_the_tree_only_as_long_as_somebody_commits(
    community: Community, superuser: psycopg.Connection
) -> None:
    """The job waits for a ballot in flight, covers it, and lets others in while it is still at work."""
    cycle = make_cycle(community)
    rules = cycle.announcement.rules
    given = signed(CROWD[0], cycle)
    with threads() as start:
        with transaction.atomic():
            append_ballot(
                cycle=cycle,
                signed=given.ballot,
                digest=ballot_digest(given.ballot, rules.domain_separator),
                options=[0, 1, 2, 3],
                signature=given.signature,
                replaces=None,
            )
            head = start(partial(publish, cycle))
            wait_until_blocked(superuser)
        assert head.result()
        assert [head.size for head in assert_heads_hold(cycle)] == [1]
        with superuser.transaction():
            superuser.execute("LOCK TABLE votes_treehead IN SHARE MODE")
            cast(cycle, CROWD[1])
            head = start(partial(publish, cycle, 5 * SECOND))
            wait_until_blocked(superuser)
            cast(cycle, CROWD[2])  # and is in, while the head is not written yet
            assert not head.done()
        assert head.result()
    assert [head.size for head in assert_heads_hold(cycle)] == [1, 2]
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert len(leaf_hashes(cycle)) == 3
    assert_heads_hold(cycle)


def vote_until_closed(cycle: Cycle, names: list[str]) -> int:
    count, refusal = 0, ""
    while not refusal:
        turn, voter = divmod(count, len(names))
        try:
            cast(cycle, names[voter], turn + 1)
            count += 1
        except Refusal as error:
            refusal = error.name
    assert refusal == "closed"
    return count


def publish_until_certified(cycle: Cycle) -> int:
    count = 0
    while not Certificate.objects.filter(cycle=cycle).exists():
        count += publish(cycle)
    return count


def close_when_due(cycle: Cycle) -> None:
    while database_clock() < cycle.closes_at:
        time.sleep(0.001)
    while not close_cycle(cycle_id=cycle.pk, at=cycle.closes_at):
        pass


@at_all
def test_two_workers_publish_and_one_closes_while_a_crowd_votes(
    community: Community, settings: Settings
) -> None:
    settings.TPP_HEAD_SECONDS = 0
    grown, making = 0, 2 * SECOND
    for _ in range(4):
        cycle = make_cycle(community, opens_in=timedelta(0), voting=making + SECOND)
        making = 2 * (database_clock() - cycle.opens_at)  # whatever the machine, the crowd has its time
        calls = [partial(vote_until_closed, cycle, CROWD[thread::4]) for thread in range(4)]
        with threads(8) as start:
            closing = start(partial(close_when_due, cycle))
            publishing = [start(partial(publish_until_certified, cycle)) for _ in range(2)]
            accepted = sum(at_once(*calls))
            closing.result()
            made = [each.result() for each in publishing]
        heads = assert_heads_hold(cycle)
        assert sum(made) == len(heads) > 0
        assert Certificate.objects.get(cycle=cycle).ballot_count == accepted
        grown += len({head.size for head in heads})
    assert grown > 8, "heads grow while the crowd votes"


@at_all
def test_whoever_appends_to_the_tree_waits_for_the_other(
    community: Community, superuser: psycopg.Connection
) -> None:
    cycle = make_cycle(community)
    for name in CROWD[:4]:
        cast(cycle, name)
    with threads() as start, transaction.atomic():
        assert publish(cycle)
        assert not start(partial(publish, cycle)).result(), "another worker leaves it to the first"
        closing = start(partial(close_cycle, cycle_id=cycle.pk, at=cycle.closes_at))
        wait_until_blocked(superuser)
    assert closing.result()
    assert [head.size for head in assert_heads_hold(cycle)] == [4]


@at_all
def test_a_head_leaves_to_the_next_what_came_after_its_instant(community: Community) -> None:
    cycle = make_cycle(community)
    early, middle, late = (cast(cycle, name) for name in CROWD[:3])
    with transaction.atomic():
        tree = extend_tree(cycle.pk, since=middle.received_at, until=late.received_at)
        assert tree.size == 2
        assert extend_tree(cycle.pk).size == 3
    placed = BallotPosition.objects.order_by("position").values_list("ballot", flat=True)
    assert list(placed) == [early.pk, middle.pk, late.pk]
