"""A programme splits its budget over at least two typologies; what must never be false is a constraint."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DataError, IntegrityError, transaction
from django.db.models import ProtectedError

from journal.clock import database_clock
from journal.refusal import Refusal
from ledger.models import Account
from programmes.actions import PALETTE, NewTypology, found_meta_programme, found_programme
from programmes.models import Facilitator, MetaProgramme, Programme, Typology
from tests.factories import Community, make_community, statement, wallet

pytestmark = pytest.mark.django_db

TWO = [NewTypology("a", "A", "First."), NewTypology("b", "B", "Second.")]


@pytest.fixture
def community() -> Community:
    return make_community()


def found(
    community: Community, slug: str = "tooling", typologies: Any = TWO, budget: int = 5, **told: str
) -> Programme:
    told = {**vars(statement(slug)), **told}
    return found_programme(
        meta=community.meta,
        statement=type(statement(slug))(**told),
        budget=budget,
        typologies=typologies,
        at=database_clock(),
    )


@pytest.mark.parametrize("typologies", [[], TWO[:1]])
def test_fewer_than_two_typologies_are_refused_and_nothing_is_left_behind(
    community: Community, typologies: list[NewTypology]
) -> None:
    accounts = Account.objects.count()
    with pytest.raises(Refusal) as refused:
        found(community, typologies=typologies)
    assert refused.value.name == "too_few_typologies"
    assert refused.value.words == "Tooling needs at least two typologies to split over."
    assert not Programme.objects.filter(slug="tooling").exists()
    assert Account.objects.count() == accounts


def test_programme_and_typologies_have_account_and_thread_from_birth(community: Community) -> None:
    programme = found(community)
    assert programme.account.name == "programme/tooling"
    assert (programme.thread.title, programme.thread.address) == ("Tooling", "/programmes/tooling/")
    assert programme.thread.parent == community.meta.thread
    for typology in programme.typologies.all():
        assert typology.account.name == f"typology/tooling/{typology.slug}"
        assert typology.thread.address == typology.get_absolute_url()
        assert typology.thread.parent == programme.thread
        assert (typology.account.balance, typology.account.token) == (0, community.meta.token)


def test_programmes_and_typologies_keep_the_order_in_which_they_were_given(community: Community) -> None:
    found(community)
    assert [programme.slug for programme in Programme.objects.all()] == ["ignite", "security", "tooling"]
    assert [typology.slug for typology in Programme.objects.get(slug="tooling").typologies.all()] == [
        "a",
        "b",
    ]


def test_colours_go_round_the_palette(community: Community) -> None:
    found(community, typologies=[NewTypology(f"t{n}", f"T{n}", "") for n in range(12)])
    colours = list(Typology.objects.order_by("pk").values_list("colour", flat=True))
    assert colours == [number % PALETTE + 1 for number in range(16)]


@pytest.mark.parametrize("slug", ["", "Upper", "-dash", "two words", "under_score", "*", "ä", "line\n"])
def test_a_slug_is_canonical(community: Community, slug: str) -> None:
    with pytest.raises(IntegrityError, match="a_programme_slug_is_canonical"), transaction.atomic():
        found(community, slug)
    with pytest.raises(IntegrityError, match="a_typology_slug_is_canonical"):
        found(community, typologies=[*TWO, NewTypology(slug, "C", "")])


def test_a_slug_has_at_most_64_characters(community: Community) -> None:
    with pytest.raises(DataError):
        found(community, "x" * 65)


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"floor": 1001, "cap": 1000}, "floor_not_above_cap"),
        ({"floor": 0, "cap": 10_001}, "floor_not_above_cap"),
        ({"floor": -1}, "typology_floor"),
        ({"name": "A"}, "a_typology_name_is_used_once"),
    ],
)
def test_a_bad_typology_is_refused(community: Community, changed: dict[str, Any], constraint: str) -> None:
    bad = NewTypology(**{"slug": "c", "name": "C", "summary": "", **changed})
    with pytest.raises(IntegrityError, match=constraint):
        found(community, typologies=[*TWO, bad])


def test_a_typology_slug_is_used_once_in_a_programme(community: Community) -> None:
    with pytest.raises(IntegrityError, match="a_typology_slug_is_used_once"):
        found(community).typologies.filter(slug="b").update(slug="a")


def test_a_floor_may_equal_its_cap(community: Community) -> None:
    found(community, typologies=[*TWO, NewTypology("c", "C", "", floor=1000, cap=1000)])


def test_two_programmes_may_use_the_same_typology_slug(community: Community) -> None:
    found(community, "first")
    found(community, "second")
    assert Typology.objects.filter(slug="a").count() == 2


def test_slug_and_name_of_a_programme_are_used_once(community: Community) -> None:
    with pytest.raises(IntegrityError, match="slug"), transaction.atomic():
        found(community, "ignite", name="Other")
    with pytest.raises(IntegrityError, match="name"):
        found(community, "other", name="Ignite")


def test_a_budget_is_not_negative(community: Community) -> None:
    with pytest.raises(IntegrityError, match="a_programme_budget_is_not_negative"):
        found(community, budget=-1)


def test_there_is_one_meta_programme(community: Community) -> None:
    with pytest.raises(IntegrityError, match=r"there_is_one_meta_programme|source_id"):
        found_meta_programme(
            name="Another",
            description="",
            token=community.meta.token,
            register=community.meta.register,
            budget_per_cycle=1,
            cap=1,
            at=database_clock(),
        )


@pytest.mark.parametrize(
    ("only", "constraint"), [(True, "there_is_one_meta_programme"), (False, "the_one_meta_programme_says_so")]
)
def test_a_second_meta_programme_cannot_be_smuggled_in(
    community: Community, only: bool, constraint: str
) -> None:
    programme = found(community)
    with pytest.raises(IntegrityError, match=constraint):
        MetaProgramme.objects.create(
            name="Another",
            description="",
            token=community.meta.token,
            register=community.meta.register,
            budget_per_cycle=1,
            source=programme.account,
            thread=programme.thread,
            only=only,
        )


def test_the_source_may_give_its_cap(community: Community) -> None:
    source = community.meta.source
    assert (source.name, source.balance, source.floor) == ("source", 0, -1_000_000 * 10**18)
    assert not community.meta.made_by_demo


def test_a_facilitators_term_ends_after_it_starts_and_is_served_once(community: Community) -> None:
    at = database_clock()
    term = {"programme": community.ignite, "wallet": wallet("bob"), "pay_rule": "1 %", "interest": "None."}
    Facilitator.objects.create(**term, starts_at=at, ends_at=at + timedelta(days=30))
    for ends_at in (at, at - timedelta(days=1)):
        with pytest.raises(IntegrityError, match="a_term_ends_after_it_starts"), transaction.atomic():
            Facilitator.objects.create(**term, starts_at=at + timedelta(hours=1), ends_at=ends_at)
    with pytest.raises(IntegrityError, match="a_facilitator_serves_a_term_once"), transaction.atomic():
        Facilitator.objects.create(**term, starts_at=at, ends_at=at + timedelta(days=60))
    Facilitator.objects.create(**term, starts_at=at + timedelta(days=30), ends_at=at + timedelta(days=60))
    assert community.ignite.facilitators.count() == 2


def test_what_holds_money_or_words_is_not_removed(community: Community) -> None:
    for row in (community.ignite.account, community.ignite.thread, community.ignite):
        with pytest.raises(ProtectedError):
            row.delete()
