"""A very large cycle: its tally, its closing, its pages."""

from tpp.bench.pages import CLIENTS, measure
from tpp.bench.scratch_site import scratch_site

PAGES = ("/cycles/1/result/", "/cycles/1/ballots/", "/api/v1/cycles/1/ballots/", "/api/v1/cycles/1/result/")


def run_tally(ballots: int = 1_000_000) -> None:
    with scratch_site() as site:
        site.manage("measure_large_cycle", "tally", "--ballots", str(ballots))


def run_closing(ballots: int = 500_000) -> None:
    """The closing, and what is read right after it by many at once."""
    with scratch_site() as site:
        site.manage("measure_large_cycle", "closing", "--ballots", str(ballots))
        site.serve()
        for path in PAGES:
            measure(site.url, path, f" with {ballots:,} ballots", [{}] * CLIENTS)
