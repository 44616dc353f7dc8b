"""The rule of admission, as a table; sponsoring with divided power; the page that says which limit binds."""

from datetime import timedelta
from fractions import Fraction

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from journal.clock import database_clock
from programmes.actions import admit_programmes, sponsor_powers
from programmes.admission import (
    Candidate,
    Limits,
    admit,
)
from programmes.models import Admission, MetaProgramme, Programme, Sponsorship
from tests.factories import UNIT, Community, make_community, wallet
from tests.programmes.typed import proposal
from tests.tpp.html_reader import Page
from votes.actions.steps import run_everything_due

LIMITS = Limits(tokens=100, seconds=600, threshold=5)


def candidate(
    key: str, power: int = 10, *, budget: int = 10, seconds: int = 60, missing: tuple[str, ...] = ()
) -> Candidate:
    return Candidate(key, ord(key), power, budget, seconds, missing)


@pytest.mark.parametrize(
    ("candidates", "expected"),
    [
        ([], []),
        ([candidate("a")], [("a", "admitted")]),
        ([candidate("a", 6), candidate("b", 9)], [("b", "admitted"), ("a", "admitted")]),
        ([candidate("b"), candidate("a")], [("a", "admitted"), ("b", "admitted")]),
        ([candidate("a", 5)], [("a", "admitted")]),
        ([candidate("a", 4)], [("a", "too_little_power")]),
        ([candidate("a", budget=100)], [("a", "admitted")]),
        ([candidate("a", budget=101)], [("a", "token_budget")]),
        ([candidate("a", seconds=600)], [("a", "admitted")]),
        ([candidate("a", seconds=601)], [("a", "workload")]),
        ([candidate("a", budget=101, seconds=601)], [("a", "both_limits")]),
        ([candidate("a", missing=("plan",), budget=101)], [("a", "incomplete")]),
        (
            [candidate("a", 9, budget=60), candidate("b", 8, budget=60), candidate("c", 7, budget=40)],
            [("a", "admitted"), ("b", "token_budget"), ("c", "admitted")],
        ),
        (
            [candidate("a", 9, seconds=400), candidate("b", 8, seconds=300), candidate("c", 7, seconds=200)],
            [("a", "admitted"), ("b", "workload"), ("c", "admitted")],
        ),
    ],
)
def test_the_rule(candidates: list[Candidate], expected: list[tuple[str, str]]) -> None:
    decisions = admit(candidates, LIMITS)
    assert [(decision.candidate.key, decision.reason) for decision in decisions] == expected
    given = [decision.candidate for decision in decisions if decision.is_admitted]
    assert sum(one.budget for one in given) <= LIMITS.tokens
    assert sum(one.seconds for one in given) <= LIMITS.seconds


def test_what_was_left_is_told_with_each_decision() -> None:
    decisions = admit([candidate("a", 9, budget=60), candidate("b", 8, budget=60)], LIMITS)
    assert [decision.left.tokens for decision in decisions] == [100, 40]
    assert [decision.left.seconds for decision in decisions] == [600, 540]


@pytest.fixture
def community(db: None) -> Community:
    """Half of the budget is free, and Tooling and Games are proposed."""
    made = make_community()
    MetaProgramme.objects.update(budget_per_cycle=1_040 * UNIT)
    carol = signed_in("carol")
    for name in ("Tooling", "Games"):
        assert carol.post("/programmes/propose/", proposal(name=name, budget="20")).status_code == 302
    return made


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(wallet(name))
    return client


def sponsor(name: str, slug: str, **sent: str) -> int:
    return signed_in(name).post(f"/programmes/{slug}/sponsor/", sent).status_code


def powers(community: Community) -> dict[str, Fraction]:
    given = sponsor_powers(register=community.meta.register, at=database_clock())
    return {Programme.objects.get(pk=pk).slug: Fraction(sum(one.values())) for pk, one in given.items()}


def test_power_is_divided_equally_over_what_a_wallet_sponsors(community: Community) -> None:
    assert powers(community) == {}
    assert sponsor("alice", "tooling") == 302
    assert powers(community) == {"tooling": 50 * UNIT}
    assert sponsor("alice", "games") == 302
    assert sponsor("bob", "games") == 302
    assert powers(community) == {"tooling": 25 * UNIT, "games": 55 * UNIT}
    shown = signed_in("alice").get("/programmes/games/").content.decode()
    for words in ("2 delegates give it", "55&nbsp;TST", "Alice", "Bob", "Stop sponsoring it"):
        assert words in shown
    assert Page.read(shown).faults == []
    assert sponsor("alice", "games", stop="1") == 302
    assert powers(community) == {"tooling": 50 * UNIT, "games": 30 * UNIT}
    assert sponsor("alice", "games") == 302
    assert Sponsorship.objects.count() == 5


def test_what_can_not_be_divided_is_kept_exact(community: Community) -> None:
    assert signed_in("carol").post("/programmes/propose/", proposal(name="Bridges")).status_code == 302
    for slug in ("tooling", "games", "bridges"):
        assert sponsor("alice", slug) == 302
    assert set(powers(community).values()) == {Fraction(50 * UNIT, 3)}


@pytest.mark.parametrize(
    ("name", "slug", "sent", "status", "words"),
    [
        (None, "tooling", {}, 403, "Sign in with a wallet that has voting power"),
        ("stranger", "tooling", {}, 403, "Only wallets with power in the register"),
        ("alice", "ignite", {}, 409, "admitted already"),
        ("alice", "tooling", {"stop": "1"}, 409, "sponsor it."),
    ],
)
def test_who_can_not_sponsor_is_told_why(
    community: Community, name: str | None, slug: str, sent: dict[str, str], status: int, words: str
) -> None:
    client = signed_in(name) if name else Client()
    answer = client.post(f"/programmes/{slug}/sponsor/", sent)
    shown = answer.content.decode()
    assert (answer.status_code, words in shown) == (status, True)
    assert Page.read(shown).faults == []
    assert not Sponsorship.objects.exists()


def test_sponsoring_twice_is_refused_and_asking_is_no_sponsoring(community: Community) -> None:
    assert sponsor("alice", "tooling") == 302
    assert sponsor("alice", "tooling") == 409
    assert signed_in("bob").get("/programmes/tooling/sponsor/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/programmes/tooling/sponsor/").status_code == 403
    assert Sponsorship.objects.count() == 1


def test_the_page_says_of_each_what_the_rule_says_and_why(community: Community) -> None:
    bare = proposal(name="Bare", budget="1", plan="", goals=[])
    assert signed_in("alice").post("/programmes/propose/", bare).status_code == 302
    for name, slug in (("alice", "tooling"), ("bob", "games")):
        assert sponsor(name, slug) == 302
    shown = Client().get("/programmes/admission/").content.decode()
    page = Page.read(shown)
    assert page.faults == []
    text = " ".join(row.text for row in page.all("tr"))
    assert "1. ToolingAdmitted" in text
    assert "2. GamesThe budget binds: 10\xa0TST left" in text
    assert "BareIncomplete: plan, a goal with metric and target missing" in text
    MetaProgramme.objects.update(workload_ceiling=3, budget_per_cycle=2_000 * UNIT)
    assert "The minutes bind:" in Client().get("/programmes/admission/").content.decode()
    MetaProgramme.objects.update(sponsor_threshold=90 * UNIT)
    assert "Too little power" in Client().get("/programmes/admission/").content.decode()


@pytest.mark.django_db
def test_an_empty_queue_invites(client: Client) -> None:
    make_community()
    shown = client.get("/programmes/admission/").content.decode()
    assert Page.read(shown).faults == []
    assert "No programme waits for admission." in shown
    assert 'href="/programmes/propose/"' in shown


def test_admission_is_by_rule_once_and_only_then_is_a_programme_admitted(community: Community) -> None:
    at = database_clock()
    assert [p.slug for p in Programme.objects.admitted(at)] == ["ignite", "security"]
    assert admit_programmes(at) == []
    assert sponsor("alice", "tooling") == 302
    at = database_clock()
    assert [p.slug for p in admit_programmes(at)] == ["tooling"]
    assert admit_programmes(at) == []
    assert [p.slug for p in Programme.objects.admitted(at)] == ["ignite", "security", "tooling"]
    assert [p.slug for p in Programme.objects.admitted(at - timedelta(microseconds=1))] == [
        "ignite",
        "security",
    ]
    admission = Admission.objects.get(programme__slug="tooling")
    assert (admission.rule, admission.power) == ("queue", 50 * UNIT)
    assert powers(community) == {}  # its sponsors' power is free again
    shown = Client().get("/programmes/tooling/").content.decode()
    assert "Sponsors</h2>" not in shown
    assert "Tooling</a>, " in Client().get("/programmes/admission/").content.decode()


def test_the_database_holds_one_word_after_the_other(community: Community) -> None:
    games = Programme.objects.get(slug="games")
    told = {"programme": games, "wallet": wallet("alice"), "revision": 1}
    with pytest.raises(IntegrityError, match="the_first_word_is_to_sponsor"), transaction.atomic():
        Sponsorship.objects.create(**told, sequence=1, sponsors=False, said_at=database_clock())
    Sponsorship.objects.create(**told, sequence=1, sponsors=True, said_at=database_clock())
    with pytest.raises(IntegrityError, match="sponsors_speak_one_after_the_other"), transaction.atomic():
        Sponsorship.objects.create(**told, sequence=1, sponsors=True, said_at=database_clock())
    with pytest.raises(IntegrityError, match="an_admission_has_a_rule"), transaction.atomic():
        Admission.objects.create(programme=games, admitted_at=database_clock(), rule="favour")
    for change, constraint in (
        ({"largest_share": 0}, "largest_share_is_a_share"),
        ({"largest_share": 10_001}, "largest_share_is_a_share"),
        ({"sponsor_threshold": 0}, "somebody_must_sponsor"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            MetaProgramme.objects.update(**change)


def test_planning_a_cycle_admits_what_the_rule_admits_and_nobody_else_has_to(community: Community) -> None:
    assert sponsor("alice", "tooling") == 302
    run_everything_due(at=database_clock())
    assert [p.slug for p in Programme.objects.admitted(database_clock())] == ["ignite", "security", "tooling"]
