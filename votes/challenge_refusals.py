"""Every named "no" to a challenge and to a new version of a result, with words that say what to do."""

from journal.refusal import Refusal

_WORDS = {
    "nothing_to_challenge": "This cycle has no result yet. It can be challenged once one is public.",
    "window_over": "This result can no longer be challenged. Say in the cycle's thread what is wrong with it.",
    "unknown_check": "A challenge names a check: choose one of the {most} by its number or name.",
    "one_open_challenge": "Your other challenge is still being answered. That takes a moment; then send this one.",
    "challenged_already": "You have challenged this version at this check, and the check answers the same to everybody."
    " Choose another check, or say in the cycle's thread what else is wrong.",
    "output_too_long": "What another implementation says may have at most {most} bytes of plain text.",
    "no_check_fails": "No check of this result fails, so no other version is published.",
    "nothing_changes": "Working the result out again gives exactly the same, so a new version would mend nothing: the"
    " fault lies in what was counted. Nothing was changed. The cycle can be cancelled with a public reason.",
}
_INVALID = {"unknown_check", "output_too_long"}  # whatever the cycle is; the others depend on how it stands


def refuse(name: str, **details: object) -> Refusal:
    """The refusal `name`, its words filled with `details`."""
    return Refusal(name, _WORDS[name].format(**details), status=422 if name in _INVALID else 409)
