"""A very large cycle: its tally, its closing, its pages."""

from tpp.bench.scratch_site import scratch_site


def run_tally(ballots: int = 1_000_000) -> None:
    with scratch_site() as site:
        site.manage("measure_large_cycle", "tally", "--ballots", str(ballots))


def run_closing(ballots: int = 500_000) -> None:
    with scratch_site() as site:
        site.manage("measure_large_cycle", "closing", "--ballots", str(ballots))
