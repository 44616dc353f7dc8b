"""The community as an admin types it: whole tokens and per cent; what was typed stays."""

from typing import TYPE_CHECKING, Any

from django import forms

from power.models import Register
from programmes.actions.community import MOST_DECIMALS, CommunityValues
from programmes.actions.founding import default_threshold
from programmes.amounts import BadAmount, parse_decimal
from programmes.checks import Fault
from programmes.forms import Amount, Words

_DIGITS = {"inputmode": "numeric", "autocomplete": "off"}
_TOKENS = ("budget_per_cycle", "cap", "sponsor_threshold")


if TYPE_CHECKING:
    _Choice = forms.ModelChoiceField[Register]
else:
    _Choice = forms.ModelChoiceField


class RegisterChoice(_Choice):
    """A published register, told by its name, its day and its size."""

    def label_from_instance(self, obj: Any) -> str:
        return f"{obj.name}, published {obj.published_at:%Y-%m-%d}, {obj.entry_count:,} holders"


def _tokens(label: str, help_text: str, **options: Any) -> Words:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return Words(label=label, help_text=help_text, max_length=80, widget=widget, **options)


def _whole(label: str, help_text: str, initial: int) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        initial=initial,
        widget=forms.TextInput(attrs=_DIGITS),
        min_value=-(2**53),
        max_value=2**53,
        error_messages={"invalid": "Write a whole number."},
    )


class CommunityForm(forms.Form):
    """Everything that the meta programme says; what is usual stands in it already."""

    use_required_attribute = False

    name = Words(label="Name of the community", max_length=80)
    description = Words(
        label="What it is for",
        help_text="A few sentences that greet everybody on the first page.",
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    register = RegisterChoice(
        label="Who decides",
        help_text="The published register of voting power.",
        queryset=Register.objects.order_by("-published_at", "-pk"),
        empty_label=None,
    )
    symbol = Words(label="Short name of the token", help_text="Such as ZK.", max_length=12)
    token_name = Words(label="Full name of the token", max_length=80)
    token_address = Words(
        label="The token's address",
        help_text="0x and 40 hex digits, as a block explorer shows it.",
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    chain_id = _whole("The number of its chain", "Ethereum is 1, ZKsync Era 324.", 1)
    decimals = _whole("Its decimals", "Most tokens have 18; a block explorer tells.", 18)
    budget_per_cycle = _tokens(
        "Budget per cycle, in tokens", "What all programmes together may be given by one vote."
    )
    cap = _tokens("The source may give in all, in tokens", "Cycles that would need more are not announced.")
    sponsor_threshold = _tokens(
        "Sponsors' power that a proposed programme needs, in tokens",
        "Left empty: a hundredth of all voting power.",
        required=False,
    )
    largest_share = Amount(label="Most of a budget that one programme may ask, %", decimals=2, initial="50")
    workload_ceiling = _whole(
        "Minutes that one cycle may ask of a delegate", "Programmes beyond it wait for a later cycle.", 60
    )
    longest_statement = _whole("Words of a programme's statement, at most", "", 3_000)

    PARTS = (
        ("Who you are", ("name", "description", "register")),
        ("The token", ("symbol", "token_name", "token_address", "chain_id", "decimals")),
        ("The money", ("budget_per_cycle", "cap")),
        (
            "What newcomers must reach",
            ("sponsor_threshold", "largest_share", "workload_ceiling", "longest_statement"),
        ),
    )

    @property
    def parts(self) -> list[tuple[str, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in self.PARTS]

    def clean(self) -> dict[str, Any]:
        """Amounts in base units, exact by the decimals typed beside them."""
        given: dict[str, Any] = super().clean() or {}
        decimals = given.get("decimals")
        if decimals is None or not 0 <= decimals <= MOST_DECIMALS:
            return given
        for name in _TOKENS:
            if given.get(name):
                try:
                    given[name] = parse_decimal(given[name], decimals)
                except BadAmount as error:
                    self.add_error(name, str(error))
        return given

    def values(self) -> CommunityValues:
        """What was typed; ask `is_valid` first."""
        given = dict(self.cleaned_data)
        given["sponsor_threshold"] = given["sponsor_threshold"] or default_threshold(given["register"])
        if not 0 <= given["decimals"] <= MOST_DECIMALS:  # refused by that name; nothing else can be read
            given |= dict.fromkeys(_TOKENS, 0)
        return CommunityValues(**given)

    def show(self, faults: list[Fault]) -> None:
        for fault in faults:
            self.add_error(fault.field if fault.field in self.fields else None, fault.words)
