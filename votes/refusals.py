"""Every named "no" of the voting room, with words that say what to do."""

from journal.refusal import Refusal

_STATUS = {
    "unknown_cycle": 404,
    "not_open_yet": 409,
    "closed": 409,
    "cycle_cancelled": 409,
    "stale_nonce": 409,
    "too_many_waiting": 409,
    "not_confirmed": 409,
    "undecided": 409,
}
_WORDS = {
    "unknown_cycle": "There is no cycle of this number. See /api/v1/cycles/ for those there are.",
    "not_open_yet": "Voting has not opened yet. Send the same ballot again after the opening.",
    "closed": "Voting has closed and this ballot is not counted. /api/v1/cycles/ tells when the next vote opens.",
    "cycle_cancelled": "This cycle was cancelled; its page says why. No ballot of it counts.",
    "unknown_rules": "The rules hash is not the one of this cycle. Load the ballot page again and sign afresh.",
    "bad_signature": "The signature is not the voter's over exactly this ballot. Sign again with the voter's wallet.",
    "no_power_at_snapshot": "This address had no voting power when it was frozen. Use the wallet that had.",
    "lines_do_not_sum": "The lines of {programme} give {total}; they must give exactly 10,000 basis points (100 %).",
    "over_cap": "{typology} may get at most {most} basis points of {programme}; the ballot gives {given}.",
    "unknown_option": "{programme} has no option {typology} in this cycle. Load the ballot page again.",
    "duplicate_line": "{typology} of {programme} stands on the ballot twice. Give it one line.",
    "stale_nonce": "The nonce must be above {nonce}, that of your newest ballot. Sign again with a higher one.",
    "too_many_ballots": "At most {most} ballots per voter are taken in a cycle. Your newest one stands.",
    "too_many_waiting": "Ballots in the name of this address already wait for its wallet to confirm them, as many as"
    " may. Get the wallet's confirmation first, then send the ballot again: it is looked at once more.",
    "not_confirmed": "The voter's wallet did not confirm this ballot before voting closed, so it is not counted.",
    "undecided": "Nobody could say in time whether the voter's wallet confirms this ballot, so it is not counted.",
    "malformed": "{reason}",
}


def refuse(name: str, **details: object) -> Refusal:
    """The refusal `name`, its words filled with `details`."""
    return Refusal(name, _WORDS[name].format(**details), status=status_of(name))


def status_of(name: str) -> int:
    """The HTTP status of the refusal `name`."""
    return _STATUS.get(name, 422 if name != "malformed" else 400)
