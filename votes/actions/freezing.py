"""From what is configured to the rules that an announcement freezes."""

from django.conf import settings
from django.db.models import F

from chain import nodes
from programmes.models import Facilitator, MetaProgramme, Programme
from votes.actions.identity import deployment_id, receipt_seed
from votes.models import ContestResult, Cycle, MetaContest, ScheduledContest
from votes.record.receipt import public_key
from votes.record.rules import (
    META,
    ContestRules,
    FacilitatorRules,
    LastSplit,
    Limits,
    OptionRules,
    PowerRules,
    Rules,
    TokenRules,
)
from votes.tally.fallback import REPEAT


def freeze_rules(cycle: Cycle) -> Rules:
    """The rules of `cycle` as they are configured now."""
    meta = MetaProgramme.objects.select_related("token", "register").get()
    contests = contests_of(cycle, meta)
    return Rules(
        cycle=cycle.number,
        origin=cycle.origin,
        deployment=deployment_id(),
        receipt_key=public_key(receipt_seed()),
        instants=cycle.instants,
        window_seconds=int(cycle.window.total_seconds()),
        token=TokenRules(
            chain_id=meta.token.chain_id,
            address=meta.token.address,
            symbol=meta.token.symbol,
            decimals=meta.token.decimals,
        ),
        power=PowerRules(
            source="register",
            sha256=bytes(meta.register.sha256).hex(),
            holders=meta.register.entry_count,
            total=meta.register.total_power,
        ),
        limits=Limits(lines=sum(len(contest.options) for contest in contests)),
        contests=tuple(contests),
        facilitators=_facilitators(cycle),
        live_results=cycle.schedule is None or cycle.schedule.live_results,
        waiting_seconds=settings.TPP_WAITING_SECONDS if nodes.are_configured() else 0,
    )


def programmes_of(cycle: Cycle) -> list[Programme]:
    """The programmes on the cycle's ballot, in its order."""
    return [contest.programme for contest in _scheduled(cycle)]


def contests_of(cycle: Cycle, meta: MetaProgramme) -> list[ContestRules]:
    """The contests that the cycle's schedule puts to the vote, that over all programmes first."""
    scheduled = _scheduled(cycle)
    over_all = MetaContest.objects.filter(schedule=cycle.schedule_id).first()
    contests = [_contest_rules(cycle, contest, is_given=over_all is not None) for contest in scheduled]
    if over_all is None or not contests:
        return contests
    return [_meta_rules(cycle, over_all, scheduled, meta.budget_per_cycle), *contests]


def _scheduled(cycle: Cycle) -> list[ScheduledContest]:
    contests = ScheduledContest.objects.filter(schedule=cycle.schedule_id).select_related(
        "programme__admission"
    )
    return list(contests.prefetch_related("programme__typologies"))


def _contest_rules(cycle: Cycle, contest: ScheduledContest, *, is_given: bool) -> ContestRules:
    return ContestRules(
        programme=contest.programme.slug,
        name=contest.programme.name,
        budget=None if is_given else contest.programme.budget,
        rule=contest.rule,
        quorum_power=contest.quorum_power,
        quorum_voters=contest.quorum_voters,
        fallback=contest.fallback,
        options=tuple(
            OptionRules(typology=t.slug, name=t.name, floor=t.floor, cap=t.cap)
            for t in contest.programme.typologies.all()
        ),
        last_split=_last_split(cycle, contest.programme.slug) if contest.fallback == REPEAT else None,
    )


def _meta_rules(
    cycle: Cycle, contest: MetaContest, scheduled: list[ScheduledContest], budget: int
) -> ContestRules:
    return ContestRules(
        programme=META,
        name="All programmes",
        budget=budget,
        rule=contest.rule,
        quorum_power=contest.quorum_power,
        quorum_voters=contest.quorum_voters,
        fallback=contest.fallback,
        options=tuple(
            OptionRules(typology=s.programme.slug, name=s.programme.name, floor=s.floor, cap=s.cap)
            for s in scheduled
        ),
        last_split=_last_split(cycle, META) if contest.fallback == REPEAT else None,
    )


def _last_split(cycle: Cycle, key: str) -> LastSplit | None:
    """The split that was last voted for this contest, of a cycle settled by `cycle.announced_at`.

    That instant and not the one of freezing, so that lateness does not change what is frozen. A split that a
    fall-back gave is passed over: only what was voted is repeated.
    """
    row = (
        ContestResult.objects.filter(
            contest__key=key,
            is_binding=True,
            outcome="split",
            result__cycle__settlement__settled_at__lte=cycle.announced_at,
            result=F("result__cycle__settlement__result"),
        )
        .exclude(result__cycle__origin="imported")
        .select_related("result__cycle")
        .order_by("-result__cycle__opens_at")
        .first()
    )
    if row is None:
        return None
    shares = {given.option.key: given.fraction for given in row.options.select_related("option")}
    return LastSplit(row.result.cycle.number, shares)


def _facilitators(cycle: Cycle) -> tuple[FacilitatorRules, ...]:
    """Those of the programmes on the ballot whose term lasts beyond the opening."""
    facilitators = Facilitator.objects.filter(
        programme__in=programmes_of(cycle), ends_at__gt=cycle.opens_at
    ).select_related("programme")
    return tuple(
        FacilitatorRules(
            programme=facilitator.programme.slug,
            wallet=facilitator.wallet_id,
            ends_at=facilitator.ends_at,
            pay_rule=facilitator.pay_rule,
        )
        for facilitator in facilitators
    )
