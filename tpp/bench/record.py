"""The verifier on large records, each made up here and verified by the command in a process of its own."""

import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chain.signing import address_of, keccak256, sign_digest
from tpp.bench.figures import row, say
from tpp.bench.rules import a_ballot
from votes.record.ballot import reason_hash
from votes.record.canonical import sha256
from votes.record.instants import iso, microseconds
from votes.record.lines import FORMAT, BallotLine, Holder, ballot_line, holder_line, line, sealed
from votes.record.merkle import Frontier, ballot_leaf, leaf_hash
from votes.record.receipt import public_key
from votes.record.rules import (
    ContestRules,
    Instants,
    Limits,
    OptionRules,
    PowerRules,
    Rules,
    TokenRules,
)
from votes.record.verify.checks import Report
from votes.record.verify.counting import Counting, Power
from votes.record.verify.results import recompute
from votes.record.verify.signing import Terms
from votes.tally import RULES

OPTIONS = 50
OPENS_AT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
_MEASURE = """
import os, re, sys
from pathlib import Path
from votes.record.verify.cli import main
status = main(sys.argv[1:])
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
sys.stderr.write(f"{peak} {sum(os.times()[:4])}")
sys.exit(status)
"""  # the peak of this process alone: what getrusage tells begins with that of the one that started it


def run() -> None:
    """Figures for docs/performance.md."""
    with tempfile.TemporaryDirectory() as place:
        for ballots, signed in ((100_000, True), (1_000_000, False)):
            file = Path(place) / "record.ndjson"
            with file.open("wb") as output:
                output.writelines(sealed(made_up(ballots, signed=signed)))
            _verify(file, ballots, signed)


def _verify(file: Path, ballots: int, signed: bool) -> None:
    options = [] if signed else ["--skip-signatures"]
    started = time.perf_counter()
    done = subprocess.run(  # noqa: S603 (our own interpreter and file)
        [sys.executable, "-c", _MEASURE, str(file), *options], capture_output=True, text=True, check=False
    )
    took = time.perf_counter() - started
    if done.returncode != (0 if signed else 2):
        raise SystemExit(done.stdout + done.stderr)
    what = "signatures included" if signed else "without signatures"
    row(f"`tpp-verify` of {ballots:,} ballots × {OPTIONS} options, five lines each, {what}", [took])
    peak, seconds = done.stderr.split()
    say(f"| processor time, all processes | {float(seconds):.1f} s |")
    say(f"| its file / most memory | {file.stat().st_size / 1e6:.0f} MB / {int(peak) / 1024:.0f} MiB |")


def made_up(ballots: int, *, signed: bool) -> Iterator[bytes]:
    """A closed record that is right, of as many voters as ballots, the same every time."""
    chance = random.Random(ballots)  # noqa: S311
    keys = [keccak256(b"bench %d" % number) if signed else b"" for number in range(ballots)]
    voters = (
        sorted((bytes.fromhex(address_of(key)[2:]), key) for key in keys) if signed else _strangers(ballots)
    )
    powers = [chance.getrandbits(80) + 1 for _ in voters]
    rules = _rules(voters, powers)
    report = Report()
    power = Power(rules, report)
    yield line(
        "header",
        format=FORMAT,
        kind="closed",
        cycle="1",
        origin="live",
        deployment=_hex(bytes(32)),
        software="bench",
    )
    yield line(
        "rules", json=rules.data.decode(), sha256=_hex(rules.hash), published_at=iso(OPENS_AT - 3 * DAY)
    )
    frozen = iso(OPENS_AT - DAY)
    yield line(
        "power",
        source="register",
        sha256="0x" + rules.power.sha256,
        timepoint=frozen,
        taken_at=frozen,
        holders=len(voters),
        total=str(sum(powers)),
    )
    for (voter, _), held in zip(voters, powers, strict=True):
        power.take(0, Holder(voter, held))
        yield holder_line("0x" + voter.hex(), held)
    counting, tree = Counting(rules, power, report), Frontier()
    for ballot in _ballots(rules, voters, chance):
        counting.take(0, ballot)
        received = datetime.fromisoformat(ballot.received_at)
        tree.append(leaf_hash(ballot_leaf(ballot.digest, microseconds(received))))
        yield ballot_line(ballot)
    yield line(
        "certificate",
        certified_at=iso(OPENS_AT + 5 * DAY),
        ballot_count=tree.size,
        merkle_root=_hex(tree.root()),
        rules_hash=_hex(rules.hash),
    )
    yield from _result(rules, counting, power.total)


def _strangers(count: int) -> list[tuple[bytes, bytes]]:
    return sorted((keccak256(b"%d" % number)[:20], b"") for number in range(count))


def _rules(voters: list[tuple[bytes, bytes]], powers: list[int]) -> Rules:
    held = zip(voters, powers, strict=True)
    register = b"".join(b"0x%s,%d\n" % (voter.hex().encode(), power) for (voter, _), power in held)
    options = tuple(
        OptionRules(f"option-{number}", f"Option {number}", 0, 10_000) for number in range(OPTIONS)
    )
    contest = ContestRules("bench", "Bench", 10**27, "ladder", 0, 0, "return_to_reserve", options)
    return Rules(
        cycle=1,
        origin="live",
        deployment=bytes(32),
        receipt_key=public_key(bytes(32)),
        instants=Instants(
            OPENS_AT - 3 * DAY, OPENS_AT - DAY, OPENS_AT, OPENS_AT + 5 * DAY, OPENS_AT + 8 * DAY
        ),
        window_seconds=86_400,
        token=TokenRules(324, "0x" + "ab" * 20, "TST", 18),
        power=PowerRules("register", sha256(register).hex(), len(voters), sum(powers)),
        limits=Limits(lines=OPTIONS),
        contests=(contest,),
    )


def _ballots(rules: Rules, voters: list[tuple[bytes, bytes]], chance: random.Random) -> Iterator[BallotLine]:
    terms, no_reason = Terms.of(rules), reason_hash("")
    for position, (voter, key) in enumerate(voters):
        lines = a_ballot(chance, OPTIONS)
        at = OPENS_AT + timedelta(microseconds=position * 400_000)
        ballot = BallotLine(
            position=position,
            voter=voter,
            nonce=1,
            sequence=1,
            replaced=False,
            options=list(lines),
            shares=list(lines.values()),
            reason=no_reason,
            digest=chance.randbytes(32),
            signature=bytes(65),
            received_at=iso(at),
        )
        if key:
            ballot.digest = terms.digest(ballot)
            ballot.signature = sign_digest(key, ballot.digest)
        yield ballot


def _result(rules: Rules, counting: Counting, total: int) -> Iterator[bytes]:
    voters, power = counting.everyone
    published = iso(OPENS_AT + 5 * DAY)
    yield line(
        "result",
        version=1,
        published_at=published,
        reason="",
        software="bench",
        voters=voters,
        power=str(power),
    )
    for contest in recompute(rules, counting, total):
        for rule in RULES:
            given = contest.by_rule[rule]
            yield line(
                "contest_result",
                version=1,
                contest=contest.rules.programme,
                rule=rule,
                binding=rule == contest.rules.rule,
                outcome=given.outcome,
                why=given.why,
                budget=str(contest.budget),
                voters=contest.voters,
                power=str(contest.power),
                parameter=None if given.parameter is None else str(given.parameter),
                shares=[str(share) for share in given.shares],
                amounts=[str(amount) for amount in given.amounts],
            )


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
