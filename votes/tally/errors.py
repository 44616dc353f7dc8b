"""The one refusal of the tally room."""


class TallyError(ValueError):
    """What was asked cannot be tallied; the message is one line that says why."""
