"""How every room says no: a named exception with words that tell what to do."""


class Refusal(Exception):
    """A named, expected "no". Entry points turn it into a page or a status; it is never logged as an error.

    `name` is stable and machine-readable; `words` say what happened and how to go on.
    """

    status = 400

    def __init__(self, name: str, words: str, *, status: int | None = None) -> None:
        super().__init__(f"{name}: {words}")
        self.name = name
        self.words = words
        if status is not None:
            self.status = status
