"""What a first-time admin sends, from an empty database on."""

from datetime import timedelta
from typing import Any

from journal.clock import database_clock
from tests.factories import UNIT, address
from tests.programmes.typed import TYPOLOGIES, proposal

TOKEN = "0x" + "ab" * 20
LIST = f"address,power,name\n{address('alice')},{50 * UNIT},Alice\n{address('bob')},{30 * UNIT},\n"


def community(**changes: str) -> dict[str, str]:
    """The community's form as a browser sends it; the register is added by whoever sends it."""
    typed = {
        "name": "River commons",
        "description": "We fund what keeps the river clean.",
        "symbol": "RVR",
        "token_name": "River",
        "token_address": TOKEN,
        "chain_id": "324",
        "decimals": "18",
        "budget_per_cycle": "1,000",
        "cap": "12000.5",
        "sponsor_threshold": "",
        "largest_share": "80",
        "workload_ceiling": "60",
        "longest_statement": "3000",
        "do": "found",
    }
    return {**typed, **changes}


def programme(**changes: Any) -> dict[str, str]:
    return proposal(**{"typologies": TYPOLOGIES, "budget": "800", **changes})


def schedule(key: int, **changes: str) -> dict[str, str]:
    """A weekly schedule whose first cycle's rules are due at once; `key` is the programme's."""
    opens_at = database_clock() + timedelta(days=3)
    lengths = {"announce_before": "7", "snapshot_before": "1", "notice": "2", "voting": "3", "window": "2"}
    contest = f"contest-{key}-"
    return {
        "name": "Cycles",
        "rhythm": "weekly",
        "time_zone": "UTC",
        "first_opens_at": f"{opens_at:%Y-%m-%dT18:00}",
        "ahead": "2",
        "is_active": "on",
        "do": "save",
        **{f"{name}_0": number for name, number in lengths.items()},
        **{f"{name}_1": "days" for name in lengths},
        contest + "on": "on",
        contest + "rule": "ladder",
        contest + "quorum_power": "10",
        contest + "quorum_voters": "1",
        contest + "fallback": "return_to_reserve",
        contest + "floor": "0",
        contest + "cap": "100",
        **changes,
    }
