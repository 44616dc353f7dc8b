"""A cycle with hundreds of thousands of ballots in a scratch database, written past every check by its superuser."""

from collections.abc import Sequence
from datetime import timedelta

import psycopg
from django.db import connection

from journal.clock import database_clock
from ledger.models import Token
from power.actions import publish_register
from power.registers import Entry
from programmes.actions import NewTypology, Statement, found_meta_programme, found_programme
from votes.actions.cycles import announce_cycle, freeze_power, plan_cycle
from votes.models import Cycle, Schedule, ScheduledContest
from votes.record.rules import Instants

UNIT = 10**18
HOUR = timedelta(hours=1)

_POWERS = """
    INSERT INTO power_snapshotpower (snapshot_id, address, power)
    SELECT %(snapshot)s, '0x' || substr(encode(sha256(v::text::bytea), 'hex'), 1, 40),
           1 + floor(random() * 1e12)::numeric * 1000000007
    FROM generate_series(1, %(voters)s) v
"""
# Five options, one of each fifth of all; four cuts in rising order, none twice, make five shares of the whole.
_BALLOTS = """
    INSERT INTO votes_ballot (id, cycle_id, voter, sequence, replaces_id, nonce, options, shares, reason_hash, digest,
                              signature, received_at)
    SELECT i, %(cycle)s, '0x' || substr(encode(sha256((1 + (i - 1) %% %(voters)s)::text::bytea), 'hex'), 1, 40),
           CASE WHEN i > %(voters)s THEN 2 ELSE 1 END, CASE WHEN i > %(voters)s THEN i - %(voters)s END,
           CASE WHEN i > %(voters)s THEN 2 ELSE 1 END,
           ARRAY[o[1], o[2], o[3], o[4], o[5]]::smallint[],
           ARRAY[c[1], c[2] - c[1], c[3] - c[2], c[4] - c[3], %(whole)s - c[4]]::int[]::smallint[],
           sha256(''), sha256(i::text::bytea),
           decode(repeat(encode(sha256(('s' || i)::bytea), 'hex'), 2) || '1b', 'hex'),
           %(opens)s::timestamptz + i * interval '1 millisecond'
    FROM generate_series(1, %(ballots)s) i,
         LATERAL (SELECT array_agg(k * %(fifth)s + floor(random() * %(fifth)s)::int) AS o
                  FROM generate_series(0, 4) k WHERE i > 0) chosen,
         LATERAL (SELECT array_agg(v + n) AS c
                  FROM (SELECT v, row_number() OVER (ORDER BY v) AS n
                        FROM (SELECT floor(random() * (%(whole)s - 4))::int AS v
                              FROM generate_series(1, 4) WHERE i > 0) drawn) ordered) cut
"""


def found(
    *,
    options: int,
    entries: Sequence[Entry] = (Entry("0x" + "cd" * 20, UNIT, "Somebody"),),
    opened: timedelta = 25 * HOUR,
    closes_in: timedelta = -HOUR,
) -> Cycle:
    """A community of one programme with this many typologies, and its cycle, which closes or closed at that time.

    It `opened` so long ago, and `entries` are those who may vote in it.
    """
    at = database_clock() - 100 * HOUR
    token = Token.objects.create(
        chain_id=324, address="0x" + "ab" * 20, symbol="TST", name="Test", decimals=18
    )
    meta = found_meta_programme(
        name="Large",
        description="A large vote.",
        token=token,
        register=publish_register(name="Register", entries=list(entries), at=at),
        budget_per_cycle=10**6 * UNIT,
        cap=10**9 * UNIT,
        at=at,
    )
    programme = found_programme(
        meta=meta,
        statement=Statement(
            slug="grants",
            name="Grants",
            summary="Everything.",
            impact="Large.",
            mechanic="A vote.",
            plan="Vote.",
        ),
        budget=10**6 * UNIT,
        typologies=[NewTypology(f"option-{n}", f"Option {n}", "One of many.") for n in range(1, options + 1)],
        at=at,
    )
    now = database_clock()
    schedule = Schedule.objects.create(
        name="Daily",
        recurrence="FREQ=DAILY",
        time_zone="UTC",
        first_opens_at=now - 30 * HOUR,
        announce_before=3 * HOUR,
        snapshot_before=HOUR,
        notice=HOUR,
        voting=24 * HOUR,
        window=HOUR,
    )
    ScheduledContest.objects.create(schedule=schedule, programme=programme, rule="ladder", position=0)
    instants = Instants(
        announced_at=now - opened - 3 * HOUR,
        snapshot_at=now - opened - HOUR,
        opens_at=now - opened,
        closes_at=now + closes_in,
        settles_at=now + closes_in + 2 * HOUR,
    )
    cycle = plan_cycle(schedule=schedule, instants=instants, at=instants.announced_at)
    announce_cycle(cycle_id=cycle.pk, at=instants.announced_at)
    freeze_power(cycle_id=cycle.pk, at=instants.snapshot_at)
    return Cycle.objects.get(pk=cycle.pk)


def fill(cycle: Cycle, *, admin: str, ballots: int, options: int, step: int = 1) -> None:
    """As many `ballots`, one in twenty of them a voter's second; shares are multiples of `step` [basis points]."""
    voters = ballots - ballots // 20
    whole = 10_000 // step
    given = {
        "cycle": cycle.pk,
        "snapshot": cycle.power.snapshot_id,
        "voters": voters,
        "ballots": ballots,
        "fifth": options // 5,
        "whole": whole,
        "opens": cycle.opens_at,
    }
    name = connection.settings_dict["NAME"]
    with psycopg.connect(admin, dbname=name, autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")  # no trigger, no foreign key
        superuser.execute("SELECT setseed(0.5)")
        superuser.execute("DELETE FROM votes_ballot")
        superuser.execute("DELETE FROM power_snapshotpower")
        superuser.execute(_POWERS, given)
        superuser.execute(_BALLOTS, given)
        if step > 1:
            superuser.execute(
                "UPDATE votes_ballot SET shares = ARRAY(SELECT s * %s FROM unnest(shares) WITH ORDINALITY u(s, n)"
                " ORDER BY n)::smallint[]",
                [step],
            )
        superuser.execute(
            "UPDATE power_snapshot SET holder_count = %s, total_power = (SELECT sum(power) FROM power_snapshotpower)",
            [voters],
        )
        superuser.execute("SELECT setval('votes_ballot_id_seq', %s)", [ballots])
        for table in ("votes_ballot", "power_snapshotpower"):  # ballots of days, not of this minute
            superuser.execute(f"VACUUM (FULL, ANALYZE) {table}")
            superuser.execute(f"VACUUM {table}")
