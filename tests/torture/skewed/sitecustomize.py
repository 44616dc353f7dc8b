"""Python imports this at its start where the directory is on its path: a system clock that is wrong.

`time.time`, `datetime.now` and what is made of them say TPP_TEST_CLOCK_OFF_BY [s] more, as on a machine whose clock
is wrong. The monotonic clock, which no wrong setting touches, stays.
"""

import datetime
import os
import time
from datetime import datetime as _real
from typing import Any

OFF_BY = int(os.environ["TPP_TEST_CLOCK_OFF_BY"])
_delta = datetime.timedelta(seconds=OFF_BY)
_seconds, _nanoseconds = time.time, time.time_ns


class _Kind(type):
    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, _real)

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, _real)


class Skewed(_real, metaclass=_Kind):
    """Makes ordinary datetimes; only "now" is another."""

    def __new__(cls, *parts: Any, **named: Any) -> Any:
        return _real(*parts, **named)  # noqa: DTZ001 (as whoever calls it says)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return _real.now(tz) + _delta

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> Any:
        return cls.now()


for _name in ("fromtimestamp", "fromisoformat", "combine", "strptime", "fromordinal", "utcfromtimestamp"):
    setattr(Skewed, _name, getattr(_real, _name))
time.time = lambda: _seconds() + OFF_BY
time.time_ns = lambda: _nanoseconds() + OFF_BY * 10**9
datetime.datetime = Skewed  # type: ignore[misc]
