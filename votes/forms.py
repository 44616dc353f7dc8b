"""A schedule as an admin types it: plain choices, human units, what was typed kept, faults beside their fields."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from programmes.models import Programme
from votes.actions.schedule_faults import ContestValues, Fault, MetaValues, ScheduleValues, faults, zones
from votes.models import FALLBACKS, RULES, MetaContest, Schedule, ScheduledContest
from votes.recurrence import LONGEST

UNITS = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
_MOST_OF_A_UNIT = 100_000_000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
RHYTHMS = {
    "weekly": "Every week",
    "fortnightly": "Every two weeks",
    "monthly": "Every month, on the weekday of the first opening, such as the first Wednesday",
    "monthly_last": "Every month, on the last such weekday",
    "custom": "By a rule of my own",
}
BALLOTS = {
    "live": "Public as they come: everybody sees who votes how, and can answer.",
    "sealed": "Sealed until closing: only how many there are is public, then all ballots and reasons at once.",
}
_LENGTHS = {
    "announce_before": (7, "days", "From published rules to the opening", "Nothing of it changes then."),
    "snapshot_before": (1, "days", "From frozen power to the opening", "So everybody sees theirs in time."),
    "notice": (2, "days", "Least notice before the opening", "Rules that are public later than this cancel the cycle."),
    "voting": (7, "days", "Voting lasts", ""),
    "window": (3, "days", "The result can be challenged for", "Money moves only after it."),
}  # fmt: skip


class LengthWidget(forms.MultiWidget):
    """A whole number and its unit."""

    template_name = "django/forms/widgets/multiwidget.html"

    def __init__(self, label: str) -> None:
        number = forms.NumberInput(attrs={"class": "pct", "inputmode": "numeric", "min": "0", "step": "1"})
        unit = forms.Select(choices=[(name, name) for name in UNITS], attrs={"aria-label": f"{label}: unit"})
        super().__init__([number, unit])

    def decompress(self, value: timedelta | None) -> list[Any]:
        if value is None:
            return [None, "days"]
        seconds = int(value.total_seconds())
        unit = next(name for name, size in UNITS.items() if seconds % size == 0)
        return [seconds // UNITS[unit], unit]


class LengthField(forms.MultiValueField):
    """A length of time in days, hours, minutes or seconds."""

    def __init__(self, *, label: str, **options: Any) -> None:
        number = forms.IntegerField(
            error_messages={"invalid": "Write a whole number."},
            max_value=_MOST_OF_A_UNIT,
            min_value=-_MOST_OF_A_UNIT,
        )
        unit = forms.ChoiceField(choices=[(name, name) for name in UNITS])
        super().__init__([number, unit], widget=LengthWidget(label), label=label, **options)

    def compress(self, data_list: list[Any]) -> timedelta | None:
        return timedelta(seconds=data_list[0] * UNITS[data_list[1]]) if data_list else None


class PercentField(forms.DecimalField):
    """Per cent with at most two decimals, as whole basis points."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"class": "pct", "inputmode": "decimal"})
        super().__init__(max_digits=8, decimal_places=2, widget=widget, **options)

    def to_python(self, value: Any) -> Any:
        text = value.replace(",", ".").strip().removesuffix("%").strip() if isinstance(value, str) else value
        return super().to_python(text)

    def clean(self, value: Any) -> int:
        percent = super().clean(value)
        return int(percent * 100) if percent is not None else 0


def percent_text(basis_points: int) -> str:
    """12.5 for 1250."""
    return f"{(Decimal(basis_points) / 100).normalize():f}"


class TermsForm(forms.Form):
    """How one contest is decided."""

    rule = forms.ChoiceField(choices=list(RULES.items()), initial="ladder", label="Rule")
    quorum_power = PercentField(label="Quorum, % of the power", initial="10", required=False)
    quorum_voters = forms.IntegerField(
        label="Quorum, voters",
        initial=3,
        required=False,
        max_value=10**12,
        min_value=-(10**12),
        widget=forms.TextInput(attrs={"class": "pct", "inputmode": "numeric"}),
    )
    fallback = forms.ChoiceField(choices=list(FALLBACKS.items()), label="Below the quorum")

    def terms(self) -> dict[str, Any]:
        """What was typed, by the names of the stored fields."""
        given = self.cleaned_data
        return {
            "rule": given["rule"],
            "quorum_power": given["quorum_power"],
            "quorum_voters": given["quorum_voters"] or 0,
            "fallback": given["fallback"],
        }


class ContestForm(TermsForm):
    """One programme's place on the ballot."""

    on = forms.BooleanField(required=False)
    floor = PercentField(label="At least, %", initial="0", required=False)
    cap = PercentField(label="At most, %", initial="100", required=False)

    def __init__(self, data: Mapping[str, Any] | None, *, programme: Programme, initial: Any) -> None:
        super().__init__(data, prefix=f"contest-{programme.pk}", initial=initial)
        self.programme = programme
        self.fields["on"].label = f"{programme.name} is on the ballot"

    @property
    def is_on(self) -> bool:
        return bool(self["on"].value())

    def values(self) -> ContestValues:
        bounds = {name: self.cleaned_data[name] for name in ("floor", "cap")}
        return ContestValues(programme_id=self.programme.pk, **self.terms(), **bounds)


class MetaForm(TermsForm):
    """The contest over the programmes themselves."""

    on = forms.BooleanField(
        required=False, label="The same ballot first splits the budget over the programmes"
    )

    @property
    def is_on(self) -> bool:
        return bool(self["on"].value())


class ScheduleForm(forms.Form):
    """Everything of a schedule but its contests, which are forms of their own (`contests`, `meta`)."""

    name = forms.CharField(max_length=80, label="Name", strip=True)
    rhythm = forms.ChoiceField(
        choices=list(RHYTHMS.items()), initial="monthly", label="How often", widget=forms.RadioSelect
    )
    recurrence = forms.CharField(
        max_length=LONGEST,
        required=False,
        label="Rule of my own",
        help_text="RFC 5545, such as FREQ=MONTHLY;BYDAY=1WE",
    )
    time_zone = forms.CharField(
        max_length=64,
        label="Time zone",
        help_text="The opening keeps its time on the clocks of this zone when they change.",
        widget=forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
    )
    first_opens_at = forms.DateTimeField(
        label="First opening, on the zone's clocks",
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M"],
        widget=forms.DateTimeInput(format="%Y-%m-%dT%H:%M", attrs={"type": "datetime-local"}),
    )  # fmt: skip
    ahead = forms.IntegerField(
        label="Cycles kept ready", initial=2, min_value=-1000, max_value=1000,
        help_text="So many coming cycles stand in the public calendar.",
        widget=forms.NumberInput(attrs={"class": "pct"}),
    )  # fmt: skip
    is_active = forms.BooleanField(
        required=False, initial=True, label="Active", help_text="Without it no more cycles are planned."
    )  # fmt: skip
    ballots = forms.ChoiceField(
        choices=list(BALLOTS.items()),
        initial="live",
        label="Ballots are",
        widget=forms.RadioSelect,
        required=False,
    )
    seen = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        at: datetime,
        schedule: Schedule | None = None,
        initial: Any = None,
    ) -> None:
        super().__init__(data, initial={**(initial or {}), **(_initial(schedule) if schedule else {})})
        self.schedule = schedule
        for name, (number, unit, label, help_text) in _LENGTHS.items():
            start = timedelta(seconds=number * UNITS[unit])
            self.fields[name] = LengthField(label=label, help_text=help_text, initial=start)
        stored = {contest.programme_id: contest for contest in schedule.contests.all()} if schedule else {}
        self.contests = [
            ContestForm(
                data,
                programme=programme,
                initial=_contest_initial(stored.get(programme.pk), is_new=not schedule),
            )
            for programme in _programmes(at, stored)
        ]
        meta = MetaContest.objects.filter(schedule=schedule).first() if schedule else None
        self.meta = MetaForm(data, prefix="meta", initial=_contest_initial(meta, is_new=False))

    @property
    def lengths(self) -> list[forms.BoundField]:
        return [self[name] for name in _LENGTHS]

    def clean_first_opens_at(self) -> datetime:
        """The wall time as typed; Django reads it in the site's zone, UTC."""
        typed: datetime = self.cleaned_data["first_opens_at"]
        return typed.replace(tzinfo=None)

    def values(self, *, at: datetime) -> ScheduleValues | None:
        """The schedule that was typed, or None after its faults were put beside the fields."""
        chosen = [form for form in self.contests if form.is_on]
        parts = [self, *chosen, *([self.meta] if self.meta.is_on else [])]
        if not all(list(map(forms.Form.is_valid, parts))):  # each says what is wrong with it
            return None
        values = self._values(chosen)
        if found := faults(values, at=at, schedule_id=self.schedule.pk if self.schedule else None):
            self.show(found)
            return None
        return values

    def _values(self, chosen: Iterable[ContestForm]) -> ScheduleValues:
        given = self.cleaned_data
        plain = ("name", "time_zone", "first_opens_at", "ahead", "is_active", *_LENGTHS)
        values = ScheduleValues(
            **{name: given[name] for name in plain},
            recurrence=_recurrence(given["rhythm"], given["first_opens_at"], given["recurrence"].strip()),
            contests=tuple(form.values() for form in chosen),
            live_results=given["ballots"] != "sealed",
        )
        return replace(values, meta=MetaValues(**self.meta.terms())) if self.meta.is_on else values

    def show(self, found: Iterable[Fault]) -> None:
        """Put each fault beside its field, or above the form."""
        by_prefix = {form.prefix: form for form in (*self.contests, self.meta)}
        for fault in found:
            error = ValidationError(fault.words, code=fault.name)
            prefix, _, name = fault.field.rpartition("-")
            form = by_prefix.get(prefix)
            if form is not None:
                form.add_error(name, error)
            else:
                self.add_error(fault.field if fault.field in self.fields else None, error)


def _programmes(at: datetime, stored: Iterable[int]) -> list[Programme]:
    """Those that may be put to the vote, and those that the schedule names already."""
    may = Programme.objects.admitted(at) | Programme.objects.filter(pk__in=list(stored))
    return list(may.distinct().prefetch_related("typologies"))


def _recurrence(rhythm: str, first: datetime, own: str) -> str:
    """The rule of a plain choice; the day comes from the first opening."""
    day = WEEKDAYS[first.weekday()]
    place = (first.day - 1) // 7 + 1
    return {
        "weekly": "FREQ=WEEKLY",
        "fortnightly": "FREQ=WEEKLY;INTERVAL=2",
        "monthly": f"FREQ=MONTHLY;BYDAY={place if place < 5 else -1}{day}",
        "monthly_last": f"FREQ=MONTHLY;BYDAY=-1{day}",
    }.get(rhythm, own)


def _initial(schedule: Schedule) -> dict[str, Any]:
    """A stored schedule as it would be typed."""
    first = schedule.first_opens_at.astimezone(ZoneInfo(schedule.time_zone)).replace(tzinfo=None)
    names = ("name", "recurrence", "time_zone", "ahead", "is_active", *_LENGTHS)
    plain = (rhythm for rhythm in RHYTHMS if _recurrence(rhythm, first, "") == schedule.recurrence)
    rhythm = next(plain, "custom")
    return {
        **{name: getattr(schedule, name) for name in names},
        "first_opens_at": first,
        "rhythm": rhythm,
        "recurrence": schedule.recurrence if rhythm == "custom" else "",
        "ballots": "live" if schedule.live_results else "sealed",
    }


def _contest_initial(contest: ScheduledContest | MetaContest | None, *, is_new: bool) -> dict[str, Any]:
    if contest is None:
        return {"on": is_new}
    typed = {
        "on": True,
        "rule": contest.rule,
        "quorum_power": percent_text(contest.quorum_power),
        "quorum_voters": contest.quorum_voters,
        "fallback": contest.fallback,
    }
    if isinstance(contest, ScheduledContest):
        typed |= {"floor": percent_text(contest.floor), "cap": percent_text(contest.cap)}
    return typed


def zone_names() -> list[str]:
    """The zones to propose, in order."""
    return [*sorted(zone for zone in zones() if "/" in zone and not zone.startswith("Etc/")), "UTC"]
