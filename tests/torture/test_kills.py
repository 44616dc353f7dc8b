"""kill -9 of a real Celery worker in the middle of every step; another one does it, once and to the same rows."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, transaction

from journal.clock import database_clock
from journal.models import JobRun
from ledger.models import Account, Transfer
from power.models import SnapshotPower
from tests.factories import EVEN, HOUR, make_community, make_cycle, signed
from tpp.celery import app
from tpp.demo.launcher import WORKER
from tpp.processes import Child, spawn
from votes.actions.admitting import admit_onto_ballots
from votes.actions.ballots import cast_ballot
from votes.actions.challenges import ask_again
from votes.actions.steps import run_everything_due, run_step
from votes.models import (
    Announcement,
    BallotPosition,
    Certificate,
    Cycle,
    CyclePower,
    Option,
    OptionResult,
    Record,
    RecordPart,
    Result,
    Settlement,
    TreeHead,
    TreeNode,
    Verification,
)

pytestmark = pytest.mark.django_db(transaction=True)

SECONDS = timedelta(seconds=1)
# The tables into which each step writes, in this order: at each of them a worker is killed before it can write.
WRITES = {
    "announce": ["votes_announcement", "votes_contest", "votes_option"],
    "freeze": ["power_snapshot", "power_snapshotpower", "votes_cyclepower"],
    "head": ["votes_ballotposition", "votes_treenode", "votes_treehead"],
    "close": ["votes_ballotposition", "votes_treenode", "votes_certificate"],
    "tally": ["votes_result", "votes_contestresult", "votes_optionresult"],
    "record": ["votes_recordpart", "votes_record"],
    "verify": ["votes_verification", "votes_recomputationanswer"],
    "settle": ["ledger_transfer", "votes_settlement"],
    "final_record": ["votes_recordpart", "votes_record"],
}
ORDER = list(WRITES)
PAID = {"settle", "final_record"}  # whose cycles have no challenge window, so that payment is due at once


class Workers:
    """One Celery worker at a time: whoever takes over from a killed one is the next to be killed."""

    def __init__(self, logs: Path) -> None:
        self.logs = logs
        self.count = 0
        self.start()

    def start(self) -> None:
        self.count += 1
        quiet = "--without-gossip --without-mingle --without-heartbeat"
        command = [sys.executable, *f"{WORKER} {quiet}".split(), "-n", f"worker{self.count}@%h"]
        log = self.logs / f"worker{self.count}.log"
        self.child: Child = spawn(f"worker {self.count}", command, env=dict(os.environ), log=log)

    def kill(self) -> None:
        """Parent and children at once, as the kernel does where memory runs out."""
        os.killpg(self.child.process.pid, signal.SIGKILL)
        assert self.child.process.wait() == -signal.SIGKILL

    def tick_until(self, ready: Callable[[], bool]) -> None:
        """Tick, as beat does but faster, until `ready` answers True."""
        limit = time.monotonic() + 60
        while not ready():
            assert time.monotonic() < limit, self.child.last_words(40)
            app.send_task("votes.tasks.tick", queue="quick", expires=5)
            time.sleep(0.15)


@pytest.fixture(scope="module")
def workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    workers = Workers(tmp_path_factory.mktemp("workers"))
    yield workers
    workers.child.stop()


@contextmanager
def barred(table: str) -> Iterator[Callable[[], bool]]:
    """Let whoever writes into `table` wait; yields whether somebody does."""
    with psycopg.connect(os.environ["DATABASE_ADMIN_URL"], dbname=connection.settings_dict["NAME"]) as bar:
        bar.execute(f"LOCK TABLE {table} IN SHARE MODE".encode())

        def somebody_waits() -> bool:
            query = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass)"
            row = bar.execute(query, [table]).fetchone()
            return row == (True,)

        yield somebody_waits
        bar.rollback()


def rows() -> dict[str, Any]:
    """Everything that steps write, but for what differs by itself: ids, and when it was done."""
    counted = (TreeHead, BallotPosition, TreeNode, CyclePower, Result, Settlement, Record, Verification)
    return {
        "announcements": list(Announcement.objects.values_list("cycle__number", "rules_hash")),
        "options": list(Option.objects.order_by("number").values_list("number", "key", "floor", "cap")),
        "powers": list(SnapshotPower.objects.order_by("address").values_list("address", "power")),
        "certificates": list(Certificate.objects.values_list("ballot_count", "merkle_root", "rules_hash")),
        "shares": sorted(
            OptionResult.objects.values_list("contest_result__rule", "option__number", "share", "amount")
        ),
        "transfers": sorted(Transfer.objects.values_list("key", "debit__name", "credit__name", "amount")),
        "balances": sorted(Account.objects.values_list("name", "balance")),
        "parts": sorted(RecordPart.objects.values_list("kind", "number")),
        **{model.__name__: model._default_manager.count() for model in counted},
        "runs": sorted(JobRun.objects.values_list("step", "subject", "failure")),
    }


def rows_without_a_crash() -> dict[str, Any]:
    """What this process makes of everything that is due now; it is taken back."""
    with transaction.atomic():
        run_everything_due(at=database_clock())
        found = rows()
        transaction.set_rollback(True)
    return found


def make_due(step: str) -> Cycle:
    """A cycle for which `step` is due; of what comes later, only what can come in one order."""
    community = make_community()
    community.schedule.is_active = False  # nobody plans further cycles
    if step in PAID:
        community.schedule.window = timedelta(0)
    community.schedule.save()
    if step == "announce":
        cycle = make_cycle(community, opens_in=2 * HOUR, announced=False)
        # what is admitted later would announce it on the way, and not as a step
        assert admit_onto_ballots(cycle=cycle, at=cycle.announced_at - SECONDS)
        return cycle
    if step == "freeze":
        return make_cycle(community, opens_in=HOUR, frozen=False)
    lasts_on = 24 * HOUR if step == "head" else 2 * SECONDS
    cycle = make_cycle(
        community, opens_in=-2 * HOUR, voting=2 * HOUR + lasts_on, settles_in=timedelta(microseconds=1)
    )
    for name, nonce in (("alice", 1), ("bob", 1), ("alice", 2)):
        submission = signed(name, cycle, EVEN, nonce=nonce, reason="Because.")
        cast_ballot(number=cycle.number, submission=submission, at=database_clock())
    while step != "head" and database_clock() <= cycle.settles_at:
        time.sleep(0.02)
    for earlier in ("close", "tally", "record", "settle"):
        if step in ("head", "close") or earlier == step:
            break
        if ORDER.index(earlier) < ORDER.index(step):
            assert run_step(name=earlier, cycle_id=cycle.pk, at=database_clock()), earlier
    if step == "verify":
        ask_again(number=cycle.number, at=database_clock())
    return cycle


@pytest.mark.parametrize("step", WRITES)
def test_after_kill_9_inside_a_step_another_worker_does_it_once(
    step: str,
    workers: Workers,
    rounds: Callable[[int, int], int],
    figure: Callable[[str], None],
) -> None:
    everywhere = [*WRITES[step], "journal_jobrun"]
    tables = everywhere if rounds(0, 1) else WRITES[step][-1:]
    app.control.purge()
    make_due(step)
    expected = rows_without_a_crash()
    assert rows() != expected
    for table in tables:
        with barred(table) as somebody_waits:
            workers.tick_until(somebody_waits)
            workers.kill()
        workers.start()
    workers.tick_until(lambda: rows() == expected)
    for _ in range(3):
        app.send_task("votes.tasks.tick", queue="quick", expires=5)
    time.sleep(1)
    assert rows() == expected
    figure(f"kills: {step}: {len(tables)} kill(s) -9, at {', '.join(tables)}: rows as without, each once")
