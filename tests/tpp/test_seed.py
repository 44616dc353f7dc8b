"""The demo's year: what stands in the database afterwards, and that every page of it can be read."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.models import Sum
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker, Settings

from accounts.models import Wallet
from chain.signing import recover
from deliberation.models import Post, Thread
from journal.clock import database_clock
from ledger.models import Account, Token, Transfer
from programmes.models import Facilitator, Goal, MetaProgramme, Programme, Typology
from tests.tpp.html_reader import Page
from votes.models import Announcement, Ballot, Cycle, OptionResult, Result, ScheduledContest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("year")]

MOST_PAGES, MOST_OF_A_KIND = 300, 3
HEAVIEST = 150_000  # bytes of a page with everything that it loads
# How often a page asks the database at most.
QUESTIONS = {
    "/": 22,
    "/cycles/": 8,
    "/cycles/12/": 19,
    "/cycles/12/ballot/": 32,
    "/cycles/11/result/": 32,
    "/cycles/11/ballots/": 12,
    "/programmes/": 25,
    "/programmes/ignite/": 17,
    "/programmes/ignite/lending/": 11,
    "/forum/": 7,
}


@pytest.fixture(scope="module")
def year(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[str]:
    """The seeded database, for all tests of this module; what the command said."""
    said = io.StringIO()
    with django_db_blocker.unblock(), override_settings(TPP_DEMO=True), transaction.atomic():
        call_command("seed_demo", stdout=said)
        yield said.getvalue()
        transaction.set_rollback(True)


@pytest.fixture
def reader() -> Client:
    """Somebody at this machine, who is offered the demo's wallets."""
    return Client(HTTP_HOST="127.0.0.1:8000")


def test_the_community_is_there(year: str) -> None:
    meta = MetaProgramme.objects.get()
    assert meta.made_by_demo
    assert meta.register.entry_count == meta.register.entries.filter(power__gt=0).count() == 44
    assert meta.register.total_power == meta.register.entries.aggregate(sum=Sum("power"))["sum"]
    assert (Programme.objects.count(), Typology.objects.count()) == (4, 10)
    assert "4 programmes, 44 delegates" in year
    for programme in Programme.objects.all():
        assert programme.typologies.count() >= 2
        assert Goal.objects.filter(programme=programme).exists()
        assert Facilitator.objects.filter(programme=programme).exists()
        assert programme.impact
        assert programme.mechanic
        assert programme.plan
    assert sum(programme.budget for programme in Programme.objects.all()) <= meta.budget_per_cycle


def test_eleven_cycles_are_settled_one_is_open_and_the_next_is_announced() -> None:
    cycles = list(Cycle.objects.at(database_clock()).order_by("number"))
    assert [(cycle.number, cycle.phase) for cycle in cycles] == [
        *((number, "settled") for number in range(1, 12)),
        (12, "open"),
        (13, "announced"),
    ]
    assert {cycle.origin for cycle in cycles[:11]} == {"demo"}
    assert {cycle.origin for cycle in cycles[11:]} == {"live"}


def test_every_ballot_is_signed_by_its_voter() -> None:
    separators = {row.cycle_id: row.rules.domain_separator for row in Announcement.objects.all()}
    assert Ballot.objects.filter(cycle__number=12).count() >= 10
    for ballot in Ballot.objects.all():
        assert ballot.cycle_id in separators
        assert recover(bytes(ballot.digest), bytes(ballot.signature or b"")) == ballot.voter
    for cycle in Cycle.objects.filter(origin="demo"):
        assert cycle.certificate.ballot_count == cycle.ballots.count() >= 30
    assert Ballot.objects.filter(replaces__isnull=False).exists()


def test_results_split_every_budget_to_the_last_base_unit() -> None:
    assert Result.objects.count() == 11
    for result in Result.objects.all():
        binding = result.contests.filter(is_binding=True)
        assert binding.count() == ScheduledContest.objects.count() == 4
        for row in binding:
            assert row.outcome == "split"
            assert sum(option.fraction for option in row.options.all()) == 1
            assert sum(option.amount for option in row.options.all()) == row.contest.budget


def test_splits_move_from_cycle_to_cycle() -> None:
    for typology in Typology.objects.all():
        rows = OptionResult.objects.filter(option__typology=typology, contest_result__is_binding=True)
        shares = [row.fraction for row in rows.order_by("contest_result__result__cycle__number")]
        assert max(shares) - min(shares) > Fraction(3, 100), typology
        assert len(set(shares)) >= 6, typology


def test_the_books_balance() -> None:
    for token in Token.objects.all():
        assert token.accounts.aggregate(sum=Sum("balance"))["sum"] == 0
    for account in Account.objects.annotate(got=Sum("credits__amount")):
        gave = account.debits.aggregate(sum=Sum("amount"))["sum"] or 0
        assert account.balance == int(account.got or 0) - int(gave)
    awarded = OptionResult.objects.filter(contest_result__is_binding=True)
    for typology in Typology.objects.select_related("account"):
        rows = awarded.filter(option__typology=typology)
        assert typology.account.balance == sum(row.amount for row in rows) > 0
    source = MetaProgramme.objects.select_related("source").get().source
    assert source.balance == -sum(row.amount for row in awarded)
    for name in ("cycle/", "programme/"):
        through = Account.objects.filter(name__startswith=name)
        assert {account.balance for account in through} == {0}
    assert Transfer.objects.filter(amount__lte=0).count() == 0


def test_people_talk_in_every_programme_and_around_every_cycle() -> None:
    talked = set(Post.objects.values_list("thread", flat=True))
    owners = [*Programme.objects.all(), *Cycle.objects.filter(number__lte=12)]
    assert [str(owner) for owner in owners if owner.thread_id not in talked] == []
    assert not Post.objects.filter(posted_at__gt=database_clock()).exists()
    assert Thread.objects.exclude(address__startswith="/").count() == 0


def test_seeding_again_changes_nothing() -> None:
    before = (Ballot.objects.count(), Post.objects.count(), Cycle.objects.count())
    said = io.StringIO()
    call_command("seed_demo", stdout=said)
    assert "The community is there already." in said.getvalue()
    assert (Ballot.objects.count(), Post.objects.count(), Cycle.objects.count()) == before


def test_a_real_community_is_left_alone(settings: Settings) -> None:
    MetaProgramme.objects.update(made_by_demo=False)
    with pytest.raises(CommandError, match="holds a real community"):
        call_command("seed_demo")
    settings.TPP_DEMO = False
    with pytest.raises(CommandError, match="this needs TPP_DEMO=1"):
        call_command("seed_demo")


@pytest.fixture(scope="module")
def pages(year: str) -> dict[str, Page]:
    """Every page that can be reached from the front, of each kind of address some; nothing may be missing.

    What is no page (data, calendars) is asked for and not read.
    """
    reader = Client(HTTP_HOST="127.0.0.1:8000")
    found, waiting, seen, kinds = dict[str, Page](), ["/"], {"/"}, Counter[str]()
    while waiting and len(found) < MOST_PAGES:
        path = waiting.pop(0)
        answer = reader.get(path)
        assert answer.status_code == 200, path
        if not answer["Content-Type"].startswith("text/html"):
            continue
        found[path] = Page.read(answer.content.decode())
        for link in found[path].links:
            assert urlsplit(link).netloc == "", f"{path} leads out of the site: {link}"
            target = urlsplit(urljoin(path, link))._replace(fragment="").geturl()
            kind = re.sub(r"[0-9a-f]{64}", "…", re.sub(r"(?<=/)\d+(?=[./])", "#", target))
            if target not in seen and kinds[kind] < MOST_OF_A_KIND:
                kinds[kind] += 1
                seen.add(target)
                waiting.append(target)
    return found


def test_every_page_can_be_reached_and_read(pages: dict[str, Page]) -> None:
    faults = [f"{path}: {fault}" for path, page in pages.items() for fault in page.faults]
    assert not faults, "\n".join(faults)
    expected = {"/", "/cycles/", "/cycles/12/ballot/", "/cycles/11/result/", "/programmes/", "/forum/"}
    assert expected <= pages.keys()
    assert {typology.get_absolute_url() for typology in Typology.objects.all()} <= pages.keys()
    assert 60 < len(pages) < MOST_PAGES


def test_links_to_a_place_on_a_page_lead_to_that_place(pages: dict[str, Page]) -> None:
    links = {urljoin(path, link) for path, page in pages.items() for link in page.links if "#" in link}
    parts = [urlsplit(link) for link in links]
    assert len(parts) > 100
    lost = [
        link.geturl() for link in parts if link.path in pages and link.fragment not in pages[link.path].ids
    ]
    assert lost == []


def test_every_page_says_what_it_is(pages: dict[str, Page]) -> None:
    titles = Counter[str]()
    kinds = set[str]()
    for path, page in pages.items():
        kind = re.sub(r"/([0-9a-f]{64}|\d+)(?=/|$)", "/#", urlsplit(path).path)
        titles[page.all("title")[0].text] += kind not in kinds
        kinds.add(kind)
    assert all(title.endswith(f" · {MetaProgramme.objects.get().name}") for title in titles)
    assert max(titles.values()) == 1


@pytest.mark.parametrize("path", QUESTIONS)
def test_pages_are_sound_for_those_who_signed_in(path: str, reader: Client) -> None:
    reader.force_login(Wallet.objects.earliest("address"))
    page = Page.read(reader.get(path).content.decode())
    assert page.faults == []
    assert "Sign out" in [button.text for button in page.all("button")]


def test_pages_carry_their_policy(reader: Client) -> None:
    answer = reader.get("/")
    policy = answer["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    for directive in ("base-uri 'none'", "object-src 'none'", "frame-ancestors 'none'", "form-action 'self'"):
        assert directive in policy
    assert (answer["X-Frame-Options"], answer["X-Content-Type-Options"]) == ("DENY", "nosniff")
    assert answer["Referrer-Policy"] == "same-origin"


def test_anybody_reads_everything_without_being_given_a_session(reader: Client) -> None:
    for path in QUESTIONS:
        assert "sessionid" not in reader.get(path).cookies


def weight(asset: str, counted: set[str]) -> int:
    """Bytes of a static file and of the modules that it imports, each counted once."""
    name = asset.removeprefix(settings.STATIC_URL)
    if name in counted:
        return 0
    counted.add(name)
    text = Path(str(finders.find(name))).read_text(encoding="utf-8")
    code = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    imports = re.findall(r"""^(?:import|export)\s[^;]*?["'](\.[^"']+)["']""", code, flags=re.MULTILINE)
    own = len(text.encode())
    return own + sum(weight(urljoin(asset, other), counted) for other in imports)


@pytest.mark.parametrize("path", QUESTIONS)
def test_a_page_with_all_that_it_loads_weighs_at_most_150_kilobytes(
    path: str, reader: Client, settings: Settings
) -> None:
    """Without the wallet that only the demo brings along."""
    settings.TPP_DEMO = False
    answer = reader.get(path)
    counted = set[str]()
    assets = Page.read(answer.content.decode()).assets
    assert len(answer.content) + sum(weight(asset, counted) for asset in assets) <= HEAVIEST
    assert {"css/site.css", "js/page.js", "js/wallets.js"} <= counted


@pytest.mark.parametrize(("path", "most"), QUESTIONS.items())
def test_a_page_asks_the_database_a_bounded_number_of_times(
    path: str, most: int, reader: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(most):
        assert reader.get(path).status_code == 200


def test_more_ballots_and_posts_mean_no_more_questions(reader: Client) -> None:
    def questions(path: str) -> int:
        with CaptureQueriesContext(connection) as asked:
            assert reader.get(path).status_code == 200
        return len(asked)

    results = {number: f"/cycles/{number}/result/" for number in range(3, 12)}
    for path in results.values():  # what never changes is kept from now on
        questions(path)
    assert len({questions(path) for path in results.values()}) == 1
    typologies = {questions(typology.get_absolute_url()) for typology in Typology.objects.all()}
    assert len(typologies) == 1
