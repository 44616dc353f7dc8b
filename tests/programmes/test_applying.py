"""A builder's application: checked by machine, public the moment it is sent, with its own thread and page."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from deliberation.models import Thread
from programmes.models import Application, ApplicationWords, Milestone
from tests.accounts.visitors import Visitor
from tests.factories import UNIT, Community, address, make_community, wallet
from tests.programmes.typed import application, milestone
from tests.tpp.html_reader import Page

pytestmark = pytest.mark.django_db

PATH = "/programmes/ignite/lending/apply/"
CHECKSUMMED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


@pytest.fixture
def community() -> Community:
    return make_community()


@pytest.fixture
def bob(community: Community) -> Client:
    client = Client()
    client.force_login(wallet("bob"))
    return client


def test_an_application_is_public_the_moment_it_is_sent(bob: Client) -> None:
    form = bob.get(PATH).content.decode()
    assert Page.read(form).faults == []
    assert "not built yet" in form
    answer = bob.post(PATH, application(payee=CHECKSUMMED, what="A <b>desk</b>."))
    assert answer.status_code == 302
    row = Application.objects.get()
    assert (
        answer["Location"] == row.get_absolute_url() == f"/programmes/ignite/lending/applications/{row.pk}/"
    )
    assert (row.amount, row.payee) == (1005 * UNIT // 10, CHECKSUMMED.lower())
    assert [m.amount for m in row.milestones.all()] == [60 * UNIT, 405 * UNIT // 10]
    assert (row.thread.title, row.thread.address) == ("A lending desk", row.get_absolute_url())
    shown = Client().get(row.get_absolute_url()).content.decode()
    assert Page.read(shown).faults == []
    for words in (
        "A lending desk",
        "Bob",
        "100.5&nbsp;TST",
        "Loans made",
        "The chain",
        CHECKSUMMED,
        "not built yet",
    ):
        assert words in shown
    assert "&lt;b&gt;desk" in shown
    assert 'href="https://example.org/desk" rel="nofollow ugc noopener"' in shown
    for path in (
        "/programmes/ignite/",
        "/programmes/ignite/lending/",
        "/programmes/ignite/applications/",
        "/programmes/ignite/lending/applications/",
    ):
        assert f'href="{row.get_absolute_url()}"' in Client().get(path).content.decode(), path
    assert "A lending desk" not in Client().get("/programmes/ignite/exchanges/").content.decode()


@pytest.mark.parametrize(
    ("sent", "words", "field"),
    [
        ({"title": ""}, "This field is required", "title"),
        ({"who": ""}, "This field is required", "who"),
        ({"amount": "100"}, "do not come to the amount", "amount"),
        ({"amount": "0", "milestones": [{"days": 3, "amount": "0"}]}, "more than nothing", "amount"),
        ({"amount": "one"}, "Write a number such as", "amount"),
        ({"milestones": []}, "at least one milestone", ""),
        ({"milestones": [{"days": 0, "amount": "100.5"}]}, "not in the future", "milestones-0-due_on"),
        ({"milestones": [{"days": -3, "amount": "100.5"}]}, "not in the future", "milestones-0-due_on"),
        ({"milestones": [{"days": 2000, "amount": "100.5"}]}, "five years", "milestones-0-due_on"),
        (
            {"milestones": [{"days": 9, "amount": "100"}, {"days": 8, "amount": "0.5"}]},
            "due before the one above",
            "milestones-1-due_on",
        ),
        (
            {"milestones": [{"days": 9, "amount": "100.5", "due_on": "soon"}]},
            "valid date",
            "milestones-0-due_on",
        ),
        ({"milestones": [{"days": 9, "amount": "100.5", "source": ""}]}, "required", "milestones-0-source"),
        ({"payee": "0x12"}, "exactly 40 hex digits", "payee"),
        ({"payee": CHECKSUMMED.replace("aA", "Aa")}, "do not match its checksum", "payee"),
        ({"links": "javascript:alert(1)"}, "is no web address", "links"),
        ({"links": "https://[bad"}, "is no web address", "links"),
        ({"links": "\n".join(f"https://example.org/{n}" for n in range(11))}, "At most 10 links", "links"),
        ({"what": "x" * 20_001}, "at most 20000 characters", "what"),
    ],
)
def test_what_a_machine_can_check_is_answered_in_words(
    bob: Client, sent: dict[str, Any], words: str, field: str
) -> None:
    if "milestones" in sent:
        sent = {**sent, "milestones": [milestone(**row) for row in sent["milestones"]]}
    threads = Thread.objects.count()
    answer = bob.post(PATH, application(**sent))
    read = Page.read(answer.content.decode())
    assert answer.status_code == 400
    assert read.faults == []
    errors = [e.text for e in read.elements if str(e.attributes.get("class")).startswith("errorlist")]
    assert any(words in error for error in errors)
    if field:
        control = next(e for e in read.elements if e.attributes.get("name") == field)
        assert control.attributes.get("aria-invalid") == "true"
    kept = next(e for e in read.all("input") if e.attributes.get("name") == "title")
    assert kept.attributes.get("value", "") == sent.get("title", "A lending desk")
    assert (Application.objects.count(), Thread.objects.count()) == (0, threads)


def test_nobody_applies_without_signing_in(community: Community) -> None:
    stranger = Client()
    assert "Sign in with a wallet" in stranger.get(PATH).content.decode()
    answer = stranger.post(PATH, application(what="My desk."))
    assert (answer.status_code, "My desk." in answer.content.decode()) == (403, True)
    visitor = Visitor("bob")
    visitor.sign_in()
    assert visitor.client.post(PATH, application()).status_code == 403  # forged
    assert not Application.objects.exists()
    assert (
        visitor.client.post(PATH, {**application(), "csrfmiddlewaretoken": visitor.token()}).status_code
        == 302
    )


def test_the_form_offers_the_wallet_that_is_signed_in_and_more_rows(bob: Client) -> None:
    payee = next(
        e for e in Page.read(bob.get(PATH).content.decode()).all("input") if e.attributes["name"] == "payee"
    )
    assert str(payee.attributes["value"]).lower() == address("bob")
    shown = bob.post(PATH, {**application(amount="?"), "more": "milestones"}).content.decode()
    assert Page.read(shown).faults == []
    assert shown.count('-measure"') >= 5
    assert not Application.objects.exists()


@pytest.mark.usefixtures("community")
@pytest.mark.parametrize(
    "path",
    [
        "/programmes/ignite/none/apply/",
        "/programmes/ignite/audits/apply/",
        "/programmes/ignite/lending/applications/1/",
        "/programmes/ignite/lending/applications/99999999999999999999999/",
        "/programmes/none/applications/",
        "/programmes/none/history/",
        "/programmes/none/edit/",
    ],
)
def test_what_is_not_there_is_answered_404(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.usefixtures("community")
def test_empty_lists_invite(client: Client) -> None:
    for path in (
        "/programmes/ignite/",
        "/programmes/ignite/lending/",
        "/programmes/ignite/lending/applications/",
    ):
        shown = client.get(path).content.decode()
        assert "Nobody has applied" in shown
        assert Page.read(shown).faults == []
    assert f'href="{PATH}"' in client.get("/programmes/ignite/lending/").content.decode()


def test_a_wallet_applies_twenty_times_a_day_and_lists_go_on(bob: Client) -> None:
    for _ in range(20):
        assert bob.post(PATH, application()).status_code == 302
    answer = bob.post(PATH, application())
    assert (answer.status_code, "within a day" in answer.content.decode()) == (400, True)
    carol = Client()
    carol.force_login(wallet("carol"))
    for _ in range(15):
        assert carol.post(PATH, application()).status_code == 302
    first = carol.get("/programmes/ignite/applications/").content.decode()
    assert first.count('<div class="post">') == 30
    before = sorted(Application.objects.values_list("pk", flat=True))[5]
    assert f'href="?before={before}"' in first
    rest = carol.get(f"/programmes/ignite/applications/?before={before}").content.decode()
    assert rest.count('<div class="post">') == 5


def test_an_erased_application_keeps_its_amounts(bob: Client) -> None:
    bob.post(PATH, application())
    row = Application.objects.get()
    ApplicationWords.objects.all().delete()
    shown = Client().get(row.get_absolute_url()).content.decode()
    assert "words of this application were erased" in shown
    assert "100.5&nbsp;TST" in shown
    assert Page.read(shown).faults == []


def test_the_database_refuses_what_is_no_application(bob: Client) -> None:
    bob.post(PATH, application())
    row = Application.objects.get()
    told = {name: getattr(row, name) for name in ("typology", "applicant", "sent_at", "words_sha256")}
    thread = Thread.objects.create(title="t", address="/", opened_at=row.sent_at)
    for changed, constraint in (
        ({"amount": 0, "payee": row.payee}, "an_application_asks_for_something"),
        ({"amount": 1, "payee": "0x" + "AB" * 20}, "a_payee_is_an_address"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Application.objects.create(**told, thread=thread, **changed)
    due_on = row.milestones.all()[0].due_on
    for number, amount, constraint in (
        (1, 5, "a_milestone_has_its_own_number"),
        (9, 0, "a_milestone_pays_something"),
    ):
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Milestone.objects.create(application=row, number=number, due_on=due_on, amount=amount)
