"""Anyone signed in proposes a programme; what can't stand is refused beside its field and nothing is stored."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from deliberation.models import Thread
from ledger.models import Account
from programmes.models import MetaProgramme, Programme, ProgrammeRevision
from programmes.names import look_alike_key
from tests.accounts.visitors import Visitor
from tests.factories import UNIT, Community, make_community, wallet
from tests.programmes.typed import proposal, rows
from tests.tpp.html_reader import Page

pytestmark = pytest.mark.django_db

PATH = "/programmes/propose/"


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def alice(community: Community, client: Client) -> Client:
    client.force_login(wallet("alice"))
    return client


def refused(client: Client, sent: dict[str, Any], words: str, *, field: str = "") -> str:
    """The page that refuses `sent` with `words`; nothing was stored."""
    counts = [model.objects.count() for model in (Programme, Thread, Account, ProgrammeRevision)]
    answer = client.post(PATH, sent)
    assert answer.status_code == 400
    shown = answer.content.decode()
    read = Page.read(shown)
    assert read.faults == []
    assert words in " ".join(element.text for element in read.all("main"))
    if field:
        control = next(e for e in read.elements if e.attributes.get("name") == field)
        assert control.attributes.get("aria-invalid") == "true"
        error = next(e for e in read.elements if e.attributes.get("id") == f"id_{field}_error")
        assert words in error.text
    assert counts == [model.objects.count() for model in (Programme, Thread, Account, ProgrammeRevision)]
    return shown


def test_a_proposal_is_public_at_once_with_thread_account_and_first_revision(alice: Client) -> None:
    answer = alice.post(PATH, proposal(name="Réseau Tooling", budget="12.5"))
    assert (answer.status_code, answer["Location"]) == (302, "/programmes/reseau-tooling/")
    programme = Programme.objects.get(slug="reseau-tooling")
    assert (programme.proposer, programme.budget) == (wallet("alice"), 25 * UNIT // 2)
    assert [(t.slug, t.floor, t.cap) for t in programme.typologies.all()] == [
        ("compilers", 1250, 10_000),
        ("docs", 0, 6000),
    ]
    assert programme.account.name == "programme/reseau-tooling"
    assert [revision.number for revision in programme.revisions.all()] == [1]
    stranger = Client()
    shown = stranger.get("/programmes/reseau-tooling/").content.decode()
    for words in (
        "Proposed",
        "Alice",
        "Builds faster",
        "Median build time",
        "Compilers",
        "Nobody sponsors it yet",
    ):
        assert words in shown
    assert Page.read(shown).faults == []
    listed = stranger.get("/programmes/").content.decode()
    assert listed.index("<h2>Proposed</h2>") < listed.index("Réseau Tooling")
    assert stranger.get("/programmes/reseau-tooling/docs/").status_code == 200


@pytest.mark.parametrize("decimals_of", ["0.000000000000000001", "505", "1.10"])
def test_a_budget_is_read_exactly(alice: Client, decimals_of: str) -> None:
    assert alice.post(PATH, proposal(budget=decimals_of)).status_code == 302
    whole, _, rest = decimals_of.partition(".")
    assert Programme.objects.get(slug="tooling").budget == int(whole + rest.ljust(18, "0"))


@pytest.mark.parametrize(
    ("changes", "words", "field"),
    [
        ({"name": ""}, "This field is required", "name"),
        ({"name": "Tool\u200bing"}, "characters that cannot be seen", "name"),
        ({"name": "\u202egnitset"}, "characters that cannot be seen", "name"),
        ({"name": "…"}, "at least one letter", "name"),
        ({"name": "IGNITE"}, "looks like that of “Ignite”", "name"),
        ({"name": "Іgnitе"}, "looks like that of “Ignite”", "name"),
        ({"name": "Ignite"}, "looks like that of “Ignite”", "name"),
        ({"name": "lgn1te"}, "looks like that of “Ignite”", "name"),
        ({"slug": "ignite"}, "is the address of another programme", "slug"),
        ({"slug": "propose"}, "is kept for the site", "slug"),
        ({"slug": "admission"}, "is kept for the site", "slug"),
        ({"slug": "*"}, "Write 1 to 64 of the letters", "slug"),
        ({"slug": "-x"}, "Write 1 to 64 of the letters", "slug"),
        ({"slug": "Tools"}, "Write 1 to 64 of the letters", "slug"),
        ({"name": "道具"}, "Write 1 to 64 of the letters", "slug"),
        ({"budget": "0"}, "more than nothing", "budget"),
        ({"budget": "-5"}, "Write a number such as", "budget"),
        ({"budget": "1e3"}, "Write a number such as", "budget"),
        ({"budget": "NaN"}, "Write a number such as", "budget"),
        ({"budget": "٣"}, "Write a number such as", "budget"),
        ({"budget": "1,00"}, "Write a number such as", "budget"),
        ({"budget": "0.0000000000000000001"}, "more than 18 decimals", "budget"),
        ({"budget": "505.1"}, "at most 50 %", "budget"),
        ({"summary": "x" * 241}, "at most 240 characters", "summary"),
        ({"impact": "word " * 3001}, "delegates are asked to read at most 3,000", ""),
        ({"impact": "x" * 20_001}, "at most 20000 characters", "impact"),
        ({"typologies-1-name": "Compi1ers"}, "It looks like “Compilers”", "typologies-1-name"),
        ({"typologies-1-slug": "compilers"}, "address of another typology", "typologies-1-slug"),
        ({"typologies-1-slug": "apply"}, "is kept for the site", "typologies-1-slug"),
        (
            {"typologies-1-floor": "70", "typologies-1-cap": "60"},
            "cap is below the floor",
            "typologies-1-cap",
        ),
        ({"typologies-1-floor": "87.5", "typologies-1-cap": "90"}, "nothing would be left to vote on", ""),
        ({"typologies-0-cap": "30", "typologies-1-cap": "60"}, "caps are too tight", ""),
        ({"typologies-1-floor": "101"}, "0 to 100 %", "typologies-1-floor"),
        ({"typologies-1-floor": "0.005"}, "more than 2 decimals", "typologies-1-floor"),
        ({"goals-0-metric": ""}, "Say how it is measured", "goals-0-metric"),
        ({"typologies-TOTAL_FORMS": "x"}, "ManagementForm", ""),
    ],
)
def test_what_can_not_stand_is_refused_beside_its_field(
    alice: Client, changes: dict[str, str], words: str, field: str
) -> None:
    refused(alice, {**proposal(), **changes}, words, field=field)


def test_one_typology_or_three_hundred_are_refused(alice: Client) -> None:
    refused(alice, proposal(typologies=[{"name": "One", "summary": "S."}]), "at least two typologies")
    many = [{"name": f"Kind {chr(97 + n // 26)}{chr(97 + n % 26)}", "summary": "S."} for n in range(190)]
    refused(alice, proposal(typologies=many), "too many rows: there are at most 24")
    refused(alice, proposal(typologies=many[:25]), "at most 24 typologies")


def test_what_was_typed_is_kept_and_shown_as_text(alice: Client) -> None:
    evil = "</textarea><script>alert(1)</script>"
    shown = refused(alice, proposal(budget="much", impact=evil, name='"><script>'), "Write a number")
    assert "<script>alert" not in shown
    assert "&lt;/textarea&gt;&lt;script&gt;" in shown
    assert 'value="Compilers"' in shown


def test_more_rows_keep_what_was_typed_and_judge_nothing(alice: Client) -> None:
    shown = alice.post(PATH, {**proposal(budget="much"), "more": "typologies"}).content.decode()
    read = Page.read(shown)
    assert read.faults == []
    assert 'value="much"' in shown
    assert not any(e.attributes.get("aria-invalid") for e in read.elements)
    names = [e for e in read.all("input") if str(e.attributes.get("name", "")).endswith("-summary")]
    assert len(names) == 5
    assert not Programme.objects.filter(slug="tooling").exists()


def test_nobody_proposes_without_signing_in_and_what_they_wrote_is_kept(community: Community) -> None:
    stranger = Client()
    shown = stranger.get(PATH).content.decode()
    assert Page.read(shown).faults == []
    assert "Sign in with a wallet" in shown
    assert "<form" not in shown
    answer = stranger.post(PATH, proposal(impact="My own words."))
    assert answer.status_code == 403
    assert "My own words." in answer.content.decode()
    assert not Programme.objects.filter(slug="tooling").exists()


def test_a_forged_request_is_refused(community: Community) -> None:
    visitor = Visitor()
    visitor.sign_in()
    assert visitor.client.post(PATH, proposal()).status_code == 403
    token = {"csrfmiddlewaretoken": visitor.token()}
    assert visitor.client.post(PATH, {**proposal(), **token}).status_code == 302


def test_a_wallet_proposes_five_programmes_a_day(alice: Client) -> None:
    for name in ("Aa", "Bb", "Cc", "Dd", "Ff"):
        assert alice.post(PATH, proposal(name=name)).status_code == 302
    refused(alice, proposal(name="Gg"), "You proposed 5 programmes within a day")


def test_the_database_refuses_names_that_look_alike_and_reserved_addresses(community: Community) -> None:
    ignite = community.ignite
    twin = {"name_key": look_alike_key("IGNІTЕ")}
    with pytest.raises(IntegrityError, match="name_key"), transaction.atomic():
        Programme.objects.filter(pk=community.security.pk).update(**twin)
    with pytest.raises(IntegrityError, match="a_programme_slug_is_not_reserved"), transaction.atomic():
        Programme.objects.filter(pk=ignite.pk).update(slug="propose")
    with pytest.raises(IntegrityError, match="typology_names_look_different"), transaction.atomic():
        ignite.typologies.filter(slug="lending").update(name_key=look_alike_key("Exchanges"))
    with pytest.raises(IntegrityError, match="a_typology_slug_is_not_reserved"), transaction.atomic():
        ignite.typologies.filter(slug="lending").update(slug="apply")
    with pytest.raises(IntegrityError, match="no_programme_lacks_a_name_key"), transaction.atomic():
        Programme.objects.filter(pk=ignite.pk).update(name_key="")
    with pytest.raises(IntegrityError, match="no_typology_lacks_a_name_key"), transaction.atomic():
        ignite.typologies.filter(slug="lending").update(name_key="")


def test_a_site_without_a_community_has_nothing_to_propose_to(client: Client) -> None:
    assert not MetaProgramme.objects.exists()
    assert client.get(PATH).status_code == 404
    assert client.get("/programmes/admission/").status_code == 404


def test_rows_of_a_form_number_from_nought() -> None:
    assert rows("goals", [{"goal": "g"}])["goals-0-goal"] == "g"
