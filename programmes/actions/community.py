"""What an admin sets up before there is any cycle: the register of voting power, and the community itself."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError, transaction

from accounts.models import ADMIN, holds_role
from chain.signing import BadAddress, parse_address
from journal.actions import audit
from journal.refusal import Refusal
from ledger.models import Token
from power.actions import publish_register
from power.models import Register
from power.registers import Entry
from programmes.actions.founding import found_meta_programme
from programmes.checks import Fault, Faults, name_faults
from programmes.models import MetaProgramme

OPERATOR = "the operator"  # whoever may run commands on the server
MOST_DECIMALS = 36


@dataclass(frozen=True)
class CommunityValues:
    """A community as it is typed. Amounts and power [base units], `largest_share` [basis points]."""

    name: str
    description: str
    chain_id: int
    token_address: str
    symbol: str
    token_name: str
    decimals: int
    register: Register
    budget_per_cycle: int
    cap: int
    sponsor_threshold: int
    largest_share: int
    workload_ceiling: int
    longest_statement: int


def check_is_admin(actor: str, at: datetime) -> None:
    """Raises Refusal `not_an_admin`."""
    if not holds_role(actor, ADMIN, at):
        raise Refusal("not_an_admin", "Only an admin sets a community up.", status=403)


@transaction.atomic
def publish_power(*, name: str, entries: list[Entry], actor: str, at: datetime) -> Register:
    """Publish a register; the community decides by it from the next announcement on.

    Rules that are announced name theirs by its hash and keep it. Raises Refusal: `not_an_admin`, and as
    `publish_register`.
    """
    if actor != OPERATOR:
        check_is_admin(actor, at)
    register = publish_register(name=name, entries=entries, at=at)
    meta = MetaProgramme.objects.select_for_update(of=("self",)).select_related("register").first()
    before = told(meta.register) if meta else ""
    if meta is not None:
        meta.register = register
        meta.save(update_fields=["register"])
    audit(
        actor=actor,
        verb="publish_register",
        subject=f"register/{register.pk}",
        before=before,
        after=told(register),
        at=at,
    )
    return register


def told(register: Register) -> str:
    """A register in words."""
    return (
        f"{register.name}: {register.entry_count} addresses, {register.total_power} base units,"
        f" sha256 {bytes(register.sha256).hex()}"
    )


def found_community(*, values: CommunityValues, actor: str, at: datetime) -> MetaProgramme:
    """The meta programme with its token and its source, all or nothing.

    Raises Refusal: `not_an_admin`, `founded_already`, and Faults with everything that is wrong.
    """
    check_is_admin(actor, at)
    if MetaProgramme.objects.exists():
        raise _founded_already()
    if faults := community_faults(values):
        raise Faults(faults)
    try:
        with transaction.atomic():
            meta = found_meta_programme(
                name=values.name,
                description=values.description,
                token=_token(values),
                register=values.register,
                budget_per_cycle=values.budget_per_cycle,
                cap=values.cap,
                sponsor_threshold=values.sponsor_threshold,
                largest_share=values.largest_share,
                workload_ceiling=values.workload_ceiling,
                longest_statement=values.longest_statement,
                at=at,
            )
            audit(
                actor=actor, verb="found_community", subject="meta", after="\n".join(in_words(values)), at=at
            )
    except IntegrityError as error:
        if (
            not MetaProgramme.objects.exists()
        ):  # another admin founded it between the question and the writing
            raise
        raise _founded_already() from error
    return meta


def _token(values: CommunityValues) -> Token:
    token, _ = Token.objects.get_or_create(
        chain_id=values.chain_id,
        address=parse_address(values.token_address),
        defaults={"symbol": values.symbol, "name": values.token_name, "decimals": values.decimals},
    )
    if token.decimals != values.decimals:
        words = f"This token is known here already, with {token.decimals} decimals."
        raise Faults([Fault("other_decimals", "decimals", words)])
    return token


def _founded_already() -> Refusal:
    words = "The community is founded already; nothing was changed. There is one in a deployment."
    return Refusal("founded_already", words, status=409)


def community_faults(values: CommunityValues) -> list[Fault]:
    """Everything that is wrong with a community before it is founded, each beside its field."""
    faults = name_faults(values.name)
    if not values.description:
        faults.append(Fault("no_description", "description", "Say in a few sentences what it is for."))
    faults += _token_faults(values)
    faults += _money_faults(values)
    total = values.register.total_power
    if not total:
        words = "Nobody could vote: this register holds no voting power. Publish another."
        faults.append(Fault("no_power", "register", words))
    elif not 0 < values.sponsor_threshold <= total:
        words = "Sponsors must bring more than nothing, and no more than all power there is."
        faults.append(Fault("bad_threshold", "sponsor_threshold", words))
    limits = {
        "largest_share": (1, 10_000, "More than 0 % and at most 100 %."),
        "workload_ceiling": (1, 1_440, "At least a minute and at most a day, in minutes."),
        "longest_statement": (50, 100_000, "Between 50 and 100,000 words."),
    }
    for field, (least, most, words) in limits.items():
        if not least <= getattr(values, field) <= most:
            faults.append(Fault("out_of_range", field, words))
    return faults


def _token_faults(values: CommunityValues) -> list[Fault]:
    faults = []
    if not 0 < values.chain_id < 2**53:
        words = "A chain's number is a whole number above 0: Ethereum is 1, ZKsync Era 324."
        faults.append(Fault("bad_chain", "chain_id", words))
    try:
        parse_address(values.token_address)
    except BadAddress as error:
        faults.append(Fault("bad_address", "token_address", str(error)))
    if not (0 < len(values.symbol) <= 12 and values.symbol.isprintable() and " " not in values.symbol):
        words = "1 to 12 characters without spaces, such as ZK."
        faults.append(Fault("bad_symbol", "symbol", words))
    faults += [Fault(fault.name, "token_name", fault.words) for fault in name_faults(values.token_name)]
    if not 0 <= values.decimals <= MOST_DECIMALS:
        words = f"A whole number from 0 to {MOST_DECIMALS}; most tokens have 18."
        faults.append(Fault("bad_decimals", "decimals", words))
    return faults


def _money_faults(values: CommunityValues) -> list[Fault]:
    if values.budget_per_cycle <= 0:
        return [Fault("no_budget", "budget_per_cycle", "Without a budget a vote moves nothing.")]
    if values.cap < values.budget_per_cycle:
        words = "This is less than one cycle gives: not even the first could be paid."
        return [Fault("cap_below_budget", "cap", words)]
    return []


def in_words(values: CommunityValues) -> list[str]:
    """What founding it means, one sentence each; what the log keeps and what an admin reads before."""
    unit = f" {values.symbol}"
    share = Decimal(values.largest_share) / 100
    return [
        f"{values.name} decides over {values.symbol} ({values.token_name}), the token"
        f" {values.token_address} on chain {values.chain_id} with {values.decimals} decimals.",
        f"Each cycle may give {_tokens(values.budget_per_cycle, values.decimals)}{unit}; the source holds"
        f" {_tokens(values.cap, values.decimals)}{unit}, enough for {values.cap // values.budget_per_cycle:,} cycles.",
        f"{values.register.entry_count:,} holders of “{values.register.name}” decide, with"
        f" {_tokens(values.register.total_power, values.decimals)}{unit} of voting power together.",
        f"A proposed programme queues once sponsors with {_tokens(values.sponsor_threshold, values.decimals)}{unit}"
        f" of power stand behind it; it may ask at most {share.normalize():f} % of a cycle's budget, in at most"
        f" {values.longest_statement:,} words.",
        f"A cycle may ask {values.workload_ceiling:,} minutes of a delegate; programmes beyond that wait.",
    ]


def _tokens(amount: int, decimals: int) -> str:
    whole, rest = divmod(amount, 10**decimals)
    return f"{whole:,}" + (f".{rest:0{decimals}d}".rstrip("0") if rest else "")
