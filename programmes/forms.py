"""What people type on the programmes' forms, read into values. Whether these are right, the actions say."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict

from chain.signing import BadAddress, parse_address
from ledger.models import Token
from ledger.templatetags.amounts import exact
from programmes.actions.applying import MOST_MILESTONES
from programmes.amounts import BadAmount, parse_decimal
from programmes.checks import LONGEST_TEXT, MOST_GOALS, MOST_TYPOLOGIES, Fault, clean_text

if TYPE_CHECKING:
    _FormSet = forms.BaseFormSet["Plain"]
else:
    _FormSet = forms.BaseFormSet

ROWS_MORE = 3


class Words(forms.CharField):
    """Text in NFC, without what no database takes."""

    def to_python(self, value: Any) -> str:
        return clean_text(str(value or ""))


class Amount(forms.CharField):
    """A decimal read exactly, in units of its last of `decimals`."""

    def __init__(self, *, decimals: int = 0, **options: Any) -> None:
        self.decimals = decimals
        options.setdefault("max_length", 80)
        super().__init__(**options)
        self.widget.attrs.update({"inputmode": "decimal", "autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        try:
            return parse_decimal(text, self.decimals)
        except BadAmount as error:
            raise forms.ValidationError(str(error), code="bad_amount") from error


class Payee(forms.CharField):
    """An address with the right checksum, in canonical form."""

    def clean(self, value: Any) -> Any:
        try:
            return parse_address(str(super().clean(value)).strip())
        except BadAddress as error:
            raise forms.ValidationError(str(error), code="bad_address") from error


def _long(label: str, help_text: str = "", *, required: bool = False) -> Words:
    return Words(
        label=label,
        help_text=help_text,
        required=required,
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class Plain(forms.Form):
    """A form whose amounts are in the tokens of the community."""

    use_required_attribute = False

    def __init__(self, *args: Any, token: Token | None = None, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            if token is not None and isinstance(field, Amount) and field.decimals == 0:
                field.decimals = token.decimals
                field.label = f"{field.label}, {token.symbol}"

    def has_changed(self) -> bool:
        """Whether something was written: a row in which nothing but given values stand does not count."""
        written = {name: str(self[name].data or "").strip() for name in self.fields}
        return any(text not in ("", str(self.fields[name].initial or "")) for name, text in written.items())


class StatementForm(Plain):
    """What a programme says of itself, without goals and typologies."""

    name = Words(label="Name", max_length=80)
    slug = Words(
        label="Short name for its address",
        help_text="a–z, figures and dashes. Left empty, it is made from the name.",
        max_length=64,
        required=False,
    )
    summary = Words(label="What it is for, in one sentence", max_length=240)
    budget = Amount(label="Budget asked per cycle")
    impact = _long("Impact", "What will be better, for whom.")
    mechanic = _long("Mechanic", "How money goes from a typology to builders, with nobody asked.")
    plan = _long("Plan", "What happens in the first cycles.")
    accountability = _long("Accountability", "Who answers for what, and where it can be seen.")
    conflicts = _long("Conflicts of interest", "What you and yours stand to gain. Write “none” if so.")


class EditForm(StatementForm):
    """The same for a programme that stands: its name and its address stay."""

    name = None  # type: ignore[assignment]
    slug = None  # type: ignore[assignment]
    reason = Words(
        label="Why this edit", help_text="Stands in the public history.", max_length=240, required=False
    )
    revision = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


class GoalForm(Plain):
    goal = Words(label="Goal", max_length=200, required=False)
    metric = Words(label="Measured by", max_length=200, required=False)
    target = Words(label="Target", max_length=200, required=False)


class TypologyForm(Plain):
    name = Words(label="Name", max_length=80)
    summary = Words(label="What it funds, in one sentence", max_length=240)
    floor = Amount(label="Floor, %", decimals=2, initial="0")
    cap = Amount(label="Cap, %", decimals=2, initial="100")
    slug = Words(label="Short name for its address", max_length=64, required=False)


class ApplicationForm(Plain):
    """A builder's application, without its milestones."""

    title = Words(label="Title", max_length=120)
    who = _long("Who builds", "People or teams, and what they built before.", required=True)
    what = _long("What will be built", required=True)
    amount = Amount(label="Amount")
    payee = Payee(label="Wallet that is paid", help_text="0x and 40 hex digits.", max_length=64)
    links = _long("Links", "One a line, each beginning with https://.")
    conflicts = _long("Conflicts of interest", "Write “none” if so.", required=True)


class MilestoneForm(Plain):
    measure = Words(label="Measure", help_text="What anybody can check.", max_length=240)
    target = Words(label="Target", max_length=240)
    source = Words(label="Source of truth", help_text="Where that can be read.", max_length=240)
    due_on = forms.DateField(
        label="Due on", input_formats=["%Y-%m-%d"], widget=forms.DateInput(attrs={"type": "date"})
    )
    amount = Amount(label="Amount")


class Rows(_FormSet):
    """Rows of which those left empty do not count."""

    default_error_messages = {
        **forms.BaseFormSet.default_error_messages,
        "too_many_forms": "These are too many rows: there are at most %(num)d.",
    }

    def initial_form_count(self) -> int:
        return 0 if self.is_bound else super().initial_form_count()

    @property
    def filled(self) -> list[Any]:
        """The forms of rows in which something was written, in their order."""
        return [form for form in self.forms if form.has_changed()]


def _rows_of(form: type[Plain], *, extra: int, most: int) -> type[Rows]:
    kind = forms.formset_factory(form, Rows, extra=extra, max_num=most, absolute_max=most + 5)
    assert issubclass(kind, Rows)
    return kind


GoalRows = _rows_of(GoalForm, extra=2, most=MOST_GOALS)
TypologyRows = _rows_of(TypologyForm, extra=3, most=MOST_TYPOLOGIES)
MilestoneRows = _rows_of(MilestoneForm, extra=2, most=MOST_MILESTONES)


class Sheet:
    """A form with parts of several rows each, sent and shown as one.

    `more` in what was sent asks for further rows: everything typed is shown again, and nothing is judged.
    """

    def __init__(
        self,
        form: type[Plain],
        parts: Mapping[str, type[Rows]],
        *,
        token: Token,
        data: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.asks_for_more = data is not None and "more" in data
        if data is not None and self.asks_for_more:
            initial = _typed(form, parts, data)
        bound = None if self.asks_for_more else data
        given = initial or {}
        told = {name: value for name, value in given.items() if name not in parts}
        self.form = form(bound, initial=told, token=token)
        self.parts = {
            name: kind(bound, initial=list(given.get(name, [])), prefix=name, form_kwargs={"token": token})
            for name, kind in parts.items()
        }
        if self.asks_for_more and data is not None:
            for name, rows in self.parts.items():
                rows.extra = ROWS_MORE if data["more"] == name else 1

    def is_valid(self) -> bool:
        return all([self.form.is_valid(), *(rows.is_valid() for rows in self.parts.values())])

    def rows(self, part: str) -> list[dict[str, Any]]:
        return [form.cleaned_data for form in self.parts[part].filled]

    def add(self, faults: Iterable[Fault]) -> None:
        """Put each fault next to its field."""
        for fault in faults:
            rows = self.parts.get(fault.part)
            if rows is None:
                known = fault.field in self.form.fields
                self.form.add_error(fault.field if known else None, fault.words)
            elif fault.field and fault.row < len(rows.filled):
                rows.filled[fault.row].add_error(fault.field, fault.words)
            else:
                rows.non_form_errors().append(fault.words)

    @property
    def has_errors(self) -> bool:
        return bool(self.form.errors) or any(
            rows.is_bound and rows.total_error_count() for rows in self.parts.values()
        )


def exact_text(amount: int, token: Token) -> str:
    """`amount` [base units] as it is typed, exact."""
    return exact(amount, token)


def _typed(form: type[Plain], parts: Mapping[str, type[Rows]], data: QueryDict) -> dict[str, Any]:
    """What was typed, as it was typed, rows left empty without."""
    typed: dict[str, Any] = {name: data.get(name, "") for name in form.base_fields}
    for part, kind in parts.items():
        fields = kind.form.base_fields
        rows = [
            {name: data.get(f"{part}-{number}-{name}", "") for name in fields}
            for number in range(kind.absolute_max)
        ]
        blank = {name: str(field.initial or "") for name, field in fields.items()}
        typed[part] = [row for row in rows if any(row[name] not in ("", blank[name]) for name in row)]
    return typed
