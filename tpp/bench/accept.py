"""Accepting signed ballots over HTTP, beside the least that could be done with one; then a closing in the middle.

Real web servers as in production, a real PostgreSQL that syncs every commit, real worker and beat. Ballots are signed
beforehand; the clients run on the same cores.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from urllib.request import urlopen

import psycopg

from tpp.bench.bare_table import TABLE
from tpp.bench.figures import say
from tpp.bench.load import Answer, Request, send_all
from tpp.bench.scratch_site import ScratchSite, scratch_site
from tpp.bench.voters import signed_ballots
from tpp.processes import free_port
from votes.record.rules import Rules

CLIENTS, OPTIONS = 16, 12
EACH = 5  # ballots of a voter
ROUNDS, SLICE, SUSTAINED = 5, 6.0, 60.0  # seconds
CROWD, SPIKE = 5_000, 10.0  # ballots, seconds
SIGNING = 0.00025  # seconds a ballot, on a busy machine
SETTING_UP = 45.0  # seconds


def run(*, voters: int = 24_000, sustained: float = SUSTAINED) -> None:
    voters -= voters % CLIENTS
    measured = ROUNDS * 2 * SLICE + sustained + 10
    with scratch_site() as site:
        seconds = SETTING_UP + voters * EACH * SIGNING + measured + SPIKE
        site.manage(
            "found_open_cycle",
            *("--voters", str(voters + CROWD), "--options", str(OPTIONS), "--seconds", str(seconds)),
        )
        site.serve(workers=2)
        rules = _rules(site)
        bare_port = _serve_bare(site, rules)
        each = voters // CLIENTS
        shares = [
            signed_ballots(
                rules, range(n * each, (n + 1) * each), range(1, EACH + 1), host=f"127.0.0.1:{site.port}"
            )
            for n in range(CLIENTS)
        ]
        crowd = signed_ballots(
            rules, range(voters, voters + CROWD), range(1, 2), host=f"127.0.0.1:{site.port}"
        )
        told = _compare(site.port, bare_port, [iter(share) for share in shares], shares, sustained, site)
        told += _across_the_closing(site, rules, crowd)
        _check_all(site, told)


def _compare(
    port: int,
    bare_port: int,
    real: Sequence[Iterator[Request]],
    shares: Sequence[Sequence[Request]],
    sustained: float,
    site: ScratchSite,
) -> list[Answer]:
    """Both in turn, so that other work on the machine meets both alike; then the real one alone, with tree heads."""
    bare_ones = [iter(share) for share in shares]
    told: list[Answer] = []
    rates: dict[str, list[float]] = {"bare": [], "real": []}
    send_all(bare_port, bare_ones, seconds=1.0)  # warm
    told += send_all(port, real, seconds=1.0)
    for _ in range(ROUNDS):
        rates["bare"].append(_rate("bare endpoint", send_all(bare_port, bare_ones, seconds=SLICE)))
        answers = send_all(port, real, seconds=SLICE)
        rates["real"].append(_rate("accepted ballots", answers))
        told += answers
    bare_rate, real_rate = (statistics.median(rates[name]) for name in ("bare", "real"))
    ratios = [real / bare for real, bare in zip(rates["real"], rates["bare"], strict=True)]
    say(
        f"| median of {ROUNDS}: bare {bare_rate:.0f}/s, accepted {real_rate:.0f}/s | {real_rate / bare_rate:.0%} |"
    )
    say(f"| ratio of each pair | {', '.join(f'{ratio:.0%}' for ratio in ratios)} |")
    site.work()
    answers = send_all(port, real, seconds=sustained)
    _rate(f"accepted ballots for {sustained:.0f} s, tree heads and jobs beside them", answers)
    return told + answers


def _rate(what: str, answers: list[Answer]) -> float:
    """A row of the table, and the rate [1/s]. Every answer must be a 201."""
    if other := Counter(answer.status for answer in answers if answer.status != 201):
        raise RuntimeError(f"{what}: other answers than 201: {other}: {answers[-1].body!r}")
    took = sorted(answer.took for answer in answers)
    elapsed = max(answer.at for answer in answers) - min(answer.at - answer.took for answer in answers)
    p50, p95, p99 = (1000 * took[int(len(took) * share)] for share in (0.5, 0.95, 0.99))
    rate = len(answers) / elapsed
    say(f"| {what} | {rate:.0f}/s | p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f} ms |")
    return rate


def _across_the_closing(site: ScratchSite, rules: Rules, crowd: Sequence[Request]) -> list[Answer]:
    """All of the crowd within some seconds, half of them after the instant of closing."""
    left = rules.instants.closes_at.timestamp() - time.time() - SPIKE / 2
    if left < 0:
        raise RuntimeError(f"this machine was {-left:.0f} s too slow: the cycle closes already")
    time.sleep(left)
    answers = send_all(site.port, [crowd[n::CLIENTS] for n in range(CLIENTS)], over=SPIKE)
    statuses = Counter(answer.status for answer in answers)
    took = sorted(answer.took for answer in answers)
    say(
        f"| {len(crowd):,} ballots in {SPIKE:.0f} s, closing in the middle | "
        + ", ".join(f"{status}: {count}" for status, count in sorted(statuses.items()))
        + f" | p95 {1000 * took[int(len(took) * 0.95)]:.1f} ms |"
    )
    unsure = [answer.request for answer in answers if answer.status != 201 and not 400 <= answer.status < 500]
    return answers + (send_all(site.port, [unsure]) if unsure else [])


def _check_all(site: ScratchSite, told: Sequence[Answer]) -> None:
    """Every 201 is in the certificate, no 4xx is, and nothing else is in it."""
    with psycopg.connect(site.addresses["DATABASE_ADMIN_URL"], dbname="tpp", autocommit=True) as database:
        certified: set[bytes] = set()
        for _ in range(600):
            if database.execute("SELECT 1 FROM votes_certificate").fetchone():
                rows = database.execute(
                    "SELECT digest FROM votes_ballotposition p JOIN votes_ballot b ON b.id = p.ballot_id"
                )
                certified = {bytes(digest) for (digest,) in rows}
                break
            time.sleep(0.1)
        stored = database.execute("SELECT count(*) FROM votes_ballot").fetchone()
        heads = database.execute("SELECT count(*) FROM votes_treehead").fetchone()
    accepted = {answer.request.subject for answer in told if answer.status == 201}
    refused = {answer.request.subject for answer in told if 400 <= answer.status < 500}
    lost, false = accepted - certified, refused & certified
    if lost or false or certified != accepted or stored != (len(certified),):
        raise RuntimeError(
            f"{len(lost)} lost, {len(false)} refused and in, {len(certified)} of {stored} certified"
        )
    say(f"| {len(certified):,} certified, {heads and heads[0]} tree heads | none lost, every answer true |")


def _rules(site: ScratchSite) -> Rules:
    with urlopen(f"{site.url}/api/v1/cycles/1/rules.json") as answer:  # noqa: S310 (our own server)
        return Rules.parse(answer.read())


def _serve_bare(site: ScratchSite, rules: Rules) -> int:
    with psycopg.connect(site.addresses["DATABASE_ADMIN_URL"], dbname="tpp", autocommit=True) as database:
        database.execute(TABLE)
    site.environment["TPP_BENCH_DOMAIN"] = rules.domain_separator.hex()
    port = free_port()
    site.serve("tpp.bench.bare:application", port=port, workers=2)
    return port
