"""What is new since somebody's last ballot: what a delegate should look at, and how long that takes."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection
from django.db.models import Count, Q, QuerySet

from ledger.models import Transfer
from programmes.admission import seconds_asked
from programmes.models import Application, Milestone, Programme, ProgrammeRevision
from votes.models import Ballot, Contest, Cycle, Option
from votes.record.rules import TokenRules

CYCLES_BACK = 4  # of which it is said what they bought


@dataclass(frozen=True)
class LineNews:
    """One typology: what is new of it, and what the last cycles gave it [base units]."""

    option: Option
    applications: int
    milestones: int
    posts: int
    awarded: int


@dataclass(frozen=True)
class ProgrammeNews:
    """One programme on the ballot. `budget_before` [base units] is None where it was not put to the last vote."""

    contest: Contest
    programme: Programme
    budget_before: int | None
    is_first: bool
    edits: int
    posts: int
    lines: list[LineNews] = field(default_factory=list)

    @property
    def budget_moved(self) -> bool:
        known = self.budget_before is not None and self.contest.budget is not None
        return known and self.budget_before != self.contest.budget


@dataclass(frozen=True)
class WhatsNew:
    """`since` is the reader's last ballot in an earlier cycle, else the last closing; None where there was neither."""

    cycle: Cycle
    since: datetime | None
    is_own: bool
    words: int
    seconds: int
    programmes: list[ProgrammeNews]
    back: list[Cycle]
    token: TokenRules

    @property
    def minutes(self) -> int:
        """Whole minutes, rounded up."""
        return -(-self.seconds // 60)


def read_news(cycle: Cycle, *, voter: str | None, at: datetime) -> WhatsNew:
    """What is new for `voter`, or for somebody unknown, on the ballot of `cycle` at `at`."""
    earlier = Cycle.objects.not_cancelled().filter(opens_at__lt=cycle.opens_at, announcement__isnull=False)
    own = _last_ballot(earlier, voter)
    last = earlier.filter(closes_at__lte=at).order_by("-closes_at").first()
    since = own or (last.closes_at if last else None)
    contests = list(
        cycle.contests.select_related("programme__thread").prefetch_related("options__typology__programme")
    )
    options = [option for contest in contests for option in contest.options.all()]
    posts, words = _said(_threads(cycle, contests, options), since, at)
    applications, milestones = _applied(options, since, at)
    before = dict(Contest.objects.filter(cycle=last).values_list("key", "budget")) if last else {}
    known = set(Contest.objects.filter(cycle__in=earlier).values_list("key", flat=True))
    edits = _edits(contests, since, at)
    back = list(earlier.filter(settlement__isnull=False).order_by("-opens_at")[:CYCLES_BACK])
    awarded = _awarded(options, back)
    programmes = [
        ProgrammeNews(
            contest=contest,
            programme=contest.programme,
            budget_before=before.get(contest.key),
            is_first=contest.key not in known,
            edits=edits.get(contest.programme.pk, 0),
            posts=posts.get(contest.programme.thread_id, 0),
            lines=[
                LineNews(
                    option,
                    applications.get(option.typology.pk, 0),
                    milestones.get(option.typology.pk, 0),
                    posts.get(option.typology.thread_id, 0),
                    awarded.get(option.typology.account_id, 0),
                )
                for option in contest.options.all()
                if option.typology is not None
            ],
        )
        for contest in contests
        if contest.programme is not None
    ]
    seconds = seconds_asked(words=words, contests=len(contests), lines=len(options))
    token = cycle.announcement.rules.token
    return WhatsNew(cycle, since, own is not None, words, seconds, programmes, back, token)


def _last_ballot(earlier: "QuerySet[Cycle]", voter: str | None) -> datetime | None:
    """When the voter's last ballot of an earlier cycle came in."""
    if voter is None:
        return None
    ballots = Ballot.objects.filter(voter=voter, cycle__in=earlier).order_by("-received_at")
    return ballots.values_list("received_at", flat=True).first()


def _threads(cycle: Cycle, contests: list[Contest], options: list[Option]) -> list[int]:
    programmes = [contest.programme.thread_id for contest in contests if contest.programme is not None]
    typologies = [option.typology.thread_id for option in options if option.typology is not None]
    return [cycle.thread_id, *programmes, *typologies]


def _said(threads: list[int], since: datetime | None, at: datetime) -> tuple[dict[int, int], int]:
    """How many posts each thread got, and the words of all of them."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT post.thread_id, count(*), coalesce(sum(regexp_count(words.text, '\\S+')), 0)
            FROM deliberation_post post LEFT JOIN deliberation_posttext words ON words.post_id = post.id
            WHERE post.thread_id = ANY(%s) AND post.posted_at > coalesce(%s, '-infinity'::timestamptz)
              AND post.posted_at <= %s
            GROUP BY post.thread_id
            """,
            [threads, since, at],
        )
        rows = cursor.fetchall()
    return {thread: count for thread, count, _ in rows}, int(sum(words for _, _, words in rows))


def _applied(
    options: list[Option], since: datetime | None, at: datetime
) -> tuple[dict[int, int], dict[int, int]]:
    """Applications sent and milestones that fell due, by typology id."""
    typologies = [option.typology_id for option in options if option.typology_id is not None]
    newer = Q(sent_at__gt=since) if since else Q()
    sent = Application.objects.filter(newer, typology__in=typologies, sent_at__lte=at).order_by()
    due = Q(due_on__gt=since.date()) if since else Q()
    fell_due = Milestone.objects.filter(
        due, application__typology__in=typologies, due_on__lte=at.date()
    ).order_by()
    return (
        dict(sent.values_list("typology").annotate(Count("pk"))),
        dict(fell_due.values_list("application__typology").annotate(Count("pk"))),
    )


def _edits(contests: list[Contest], since: datetime | None, at: datetime) -> dict[int, int]:
    """How often each programme's statement was edited, by its id."""
    programmes = [contest.programme_id for contest in contests if contest.programme_id is not None]
    newer = Q(edited_at__gt=since) if since else Q()
    revisions = ProgrammeRevision.objects.filter(
        newer, programme__in=programmes, number__gt=1, edited_at__lte=at
    ).order_by()
    return dict(revisions.values_list("programme").annotate(Count("pk")))


def _awarded(options: list[Option], back: list[Cycle]) -> dict[int, int]:
    """What the cycles `back` gave each typology's account [base units], by the ledger."""
    accounts = [option.typology.account_id for option in options if option.typology is not None]
    totals: defaultdict[int, int] = defaultdict(int)
    asked = Q(pk__in=[])
    for cycle in back:
        asked |= Q(key__startswith=f"cycle/{cycle.number}/", key__contains="/3-award/")
    for account, amount in Transfer.objects.filter(asked, credit__in=accounts).values_list(
        "credit", "amount"
    ):
        totals[account] += int(amount)
    return totals
