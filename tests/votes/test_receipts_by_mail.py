"""Receipts by e-mail: from the address given on the settings page to the file in the mailbox, by HTTP and SMTP."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.emails import confirm_email, set_email
from accounts.models import EmailAddress, Wallet
from journal import mailing
from journal.clock import database_clock
from journal.mailing import LEASE, Letter, forget_sent, post, send_due
from journal.models import Mail
from journal.refusal import Refusal
from journal.tasks import send_mail
from tests.accounts.visitors import Visitor
from tests.factories import EVEN, HOUR, POWERS, address, make_community, make_cycle, signed, wallet
from tests.smtp import MailServer, mail_server, text_of
from votes import tasks
from votes.actions.ballots import cast_ballot
from votes.actions.mailing import mail_receipts, receipts_to_mail
from votes.models import Cycle

pytestmark = pytest.mark.django_db

MAILBOX = "alice@example.org"
DAY = timedelta(days=1)


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as running:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.DEFAULT_FROM_EMAIL = "Votes <votes@example.org>"
        settings.TPP_SENDS_MAIL = True
        yield running


@pytest.fixture
def cycle() -> Cycle:
    return make_cycle(make_community())


def signed_in(name: str = "alice") -> Client:
    client = Client()
    client.force_login(wallet(name))
    return client


def give(client: Client, to: str = MAILBOX) -> str:
    """Give an address on the settings page; the page that follows."""
    return client.post("/me/email/", {"address": to}, follow=True).content.decode()


def link_in(mail: object) -> str:
    found = re.search(r"http://testserver(/me/email/confirm/\S+)", text_of(mail))  # type: ignore[arg-type]
    assert found
    return found[1]


def deliver(at: datetime | None = None) -> int:
    """What worker and clock do."""
    mail_receipts(at=at or database_clock())
    return send_due(clock=lambda: at or database_clock())


def confirm(server: MailServer, client: Client, to: str = MAILBOX) -> None:
    give(client, to)
    deliver()
    assert Client().post(link_in(server.mails[-1])).status_code == 200


def cast(cycle: Cycle, name: str = "alice", nonce: int = 1) -> dict[str, object]:
    answer = Client().post(
        f"/api/v1/cycles/{cycle.number}/ballots/",
        signed(name, cycle, EVEN, nonce=nonce).body(),
        content_type="application/json",
    )
    assert answer.status_code == 201, answer.content
    document: dict[str, object] = answer.json()
    return document


@pytest.mark.parametrize("sealed", [False, True])
def test_an_accepted_ballot_is_followed_by_one_mail_with_its_receipt(
    server: MailServer, sealed: bool
) -> None:
    cycle = make_cycle(make_community(live_results=not sealed))
    confirm(server, signed_in())
    receipt = cast(cycle)
    for _ in range(3):
        deliver()
    _, mail = server.mails
    assert (mail["To"], mail["From"]) == (MAILBOX, "Votes <votes@example.org>")
    assert mail["Subject"] == f"Receipt of your ballot in cycle {cycle.number}"
    (file,) = mail.iter_attachments()
    assert json.loads(file.get_content()) == receipt
    words = text_of(mail)
    page = re.search(r"http://testserver(/cycles/\S+)", words)
    assert page
    assert Client().get(page[1]).status_code == 200
    if sealed:
        assert str(receipt["blind"]) in words
        assert "&#x27;" not in words
        assert b"This ballot is in" in Client().post(page[1], {"blind": receipt["blind"]}).content
    cast(cycle, nonce=2)
    deliver()
    assert "takes the place of your earlier one" in text_of(server.mails[2])
    assert len(server.mails) == 3


def test_nothing_is_sent_to_an_address_that_nobody_confirmed(server: MailServer, cycle: Cycle) -> None:
    client = signed_in()
    cast(cycle)
    page = give(client)
    assert "not confirmed yet" in page
    cast(cycle, nonce=2)
    deliver()
    assert [mail["Subject"] for mail in server.mails] == ["Confirm your e-mail address"]
    link = link_in(server.mails[0])
    for _ in range(2):  # programs that look at links only read
        assert b"Confirm my address" in Client().get(link).content
    assert b"not confirmed yet" in client.get("/me/").content
    assert b"is confirmed" in Client().post(link).content
    assert b"not confirmed yet" not in client.get("/me/").content
    deliver()
    assert len(server.mails) == 1  # what was cast before was not asked for
    cast(cycle, nonce=3)
    deliver()
    assert len(server.mails) == 2


def test_a_link_is_refused_in_the_same_words_whatever_is_wrong(server: MailServer) -> None:
    client = signed_in()
    give(client)
    deliver()
    link = link_in(server.mails[0])
    answers = [Client().get("/me/email/confirm/nothing/"), Client().post(link[:-5] + "AAAA/")]
    EmailAddress.objects.update(address="other@example.org")
    answers.append(Client().post(link))
    client.post("/me/email/delete/")
    answers.append(Client().post(link))
    assert {answer.status_code for answer in answers} == {410}
    assert {b"This link does not work, or no longer" in answer.content for answer in answers} == {True}
    assert not EmailAddress.objects.exists()


def test_a_link_ends_after_a_day(server: MailServer) -> None:
    at = database_clock()
    set_email(wallet=wallet("alice"), address=MAILBOX, at=at)
    deliver()
    token = link_in(server.mails[0]).rstrip("/").rpartition("/")[2]
    with pytest.raises(Refusal, match="bad_link"):
        confirm_email(token=token, at=at + DAY)
    confirm_email(token=token, at=at + DAY - timedelta(seconds=1))


def test_nobody_is_written_to_too_often_and_nobody_is_told(server: MailServer) -> None:
    pages = [
        give(signed_in(name), "Victim@example.org") for name in ("alice", "bob", "carol", "dave", "erin")
    ]
    deliver()
    assert len(server.mails) == 3
    for page in pages:
        assert "If this address is right and was not written to too often today" in page
        assert "Victim@example.org" in page
    for at in range(4):
        give(signed_in("alice"), f"other{at}@example.org")
    answer = signed_in("alice").post("/me/email/", {"address": "one.more@example.org"})
    assert answer.status_code == 429
    assert b"Try again tomorrow" in answer.content


def test_who_deletes_the_address_leaves_nothing_of_it(server: MailServer, cycle: Cycle) -> None:
    client = signed_in()
    confirm(server, client)
    cast(cycle)
    mail_receipts(at=database_clock())
    assert Mail.objects.unsent().count() == 1
    assert MAILBOX not in client.post("/me/email/delete/", follow=True).content.decode()
    assert send_due(clock=database_clock) == 0
    assert len(server.mails) == 1
    assert not EmailAddress.objects.exists()
    assert set(Mail.objects.values_list("owner", "to", "subject", "body", "attachment")) == {("",) * 5}
    cast(cycle, nonce=2)
    assert not receipts_to_mail(at=database_clock()).exists()


def test_receipts_can_be_turned_off_and_on(server: MailServer, cycle: Cycle) -> None:
    client = signed_in()
    confirm(server, client)
    assert b"Send me receipts" in client.post("/me/email/receipts/", {"wanted": "0"}, follow=True).content
    cast(cycle)
    assert b"Stop sending" in client.post("/me/email/receipts/", {"wanted": "1"}, follow=True).content
    deliver()
    assert len(server.mails) == 1
    cast(cycle, nonce=2)
    deliver()
    assert len(server.mails) == 2


def test_addresses_and_words_are_deleted_days_after(server: MailServer, cycle: Cycle) -> None:
    confirm(server, signed_in())
    cast(cycle)
    deliver()
    at = database_clock()
    assert forget_sent(at=at + 2 * DAY) == 0
    assert forget_sent(at=at + 3 * DAY) == 2
    assert set(Mail.objects.values_list("to", "body")) == {("", "")}
    deliver()
    assert len(server.mails) == 2  # that it was sent is still known


def test_a_server_that_is_gone_is_left_alone_for_a_minute(server: MailServer, settings: Settings) -> None:
    at = database_clock()
    for number in range(3):
        post(key=f"test/{number}", owner="", to=MAILBOX, letter=Letter("Hello", "You."), at=at)
    port, settings.EMAIL_PORT = settings.EMAIL_PORT, 1
    assert send_due(clock=lambda: at) == 0
    assert not Mail.objects.due(at + timedelta(seconds=59)).exists()
    assert set(Mail.objects.in_trouble().values_list("failure", flat=True)) == {"ConnectionRefusedError"}
    settings.EMAIL_PORT = port
    assert send_due(clock=lambda: at + timedelta(minutes=1)) == 3
    assert not Mail.objects.in_trouble().exists()
    assert len({mail["Message-ID"] for mail in server.mails}) == 3


def test_a_refused_address_is_given_up_and_a_busy_one_tried_again(
    server: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    at = database_clock()
    server.refusals = {"gone@example.org": "550 no such user", "full@example.org": "451 later"}
    for name in ("gone", "full", "there"):
        post(key=name, owner="", to=f"{name}@example.org", letter=Letter("Hello", "You."), at=at)
    assert send_due(clock=lambda: at) == 1
    states = {mail.key: mail for mail in Mail.objects.all()}
    assert states["gone"].given_up_at == at
    assert states["full"].due_at == at + timedelta(minutes=1)
    assert states["full"].failure == "the address was refused (451)"
    assert "example.org" not in caplog.text
    later = at + 2 * DAY + HOUR
    assert send_due(clock=lambda: later) == 0
    assert Mail.objects.get(key="full").given_up_at == later


def test_who_was_overtaken_while_sending_says_nothing_more(server: MailServer) -> None:
    at = database_clock()
    post(key="one", owner="", to=MAILBOX, letter=Letter("Hello", "You."), at=at)
    held = mailing._claim(at)
    assert held is not None
    assert mailing._claim(at + LEASE - timedelta(seconds=1)) is None
    again = mailing._claim(at + LEASE)
    assert again is not None
    assert mailing._finish(held, sent_at=at) == 0
    assert mailing._finish(again, sent_at=at) == 1


@pytest.mark.django_db(transaction=True)
def test_ten_senders_at_once_send_each_mail_once(server: MailServer) -> None:
    at = database_clock()
    for number in range(30):
        post(
            key=f"test/{number}", owner="", to=f"n{number}@example.org", letter=Letter("Hello", "You."), at=at
        )

    def run(_: int) -> int:
        try:
            return send_due(clock=database_clock)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(run, range(10))) == 30
    assert sorted(mail["To"] for mail in server.mails) == sorted(
        f"n{number}@example.org" for number in range(30)
    )


def test_no_page_tells_that_there_is_an_address(server: MailServer, settings: Settings, cycle: Cycle) -> None:
    client = signed_in()
    confirm(server, client)
    cast(cycle)
    settings.TPP_ADMINS = [address("bob")]
    for path in ("/", "/me/", "/clock/", "/forum/", f"/cycles/{cycle.number}/ballots/"):
        for other in (Client(), signed_in("bob")):
            assert MAILBOX not in other.get(path).content.decode(), path
    answer = client.get("/me/")
    assert MAILBOX in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]


def test_admins_see_on_the_clock_how_much_mail_is_in_trouble(server: MailServer, settings: Settings) -> None:
    server.refusals = {MAILBOX: "550 no"}
    give(signed_in())
    deliver()
    settings.TPP_ADMINS = [address("bob")]
    page = signed_in("bob").get("/clock/").content.decode()
    assert "1 not delivered: the address was refused (550)" in page
    assert MAILBOX not in page
    assert 'id="mail"' not in signed_in("alice").get("/clock/").content.decode()


@pytest.mark.parametrize(
    "bad", ["", "alice", "a@b", "x@[127.0.0.1]", "a@example.org\nBcc: b@example.org", "ä@example.org"]
)
def test_what_is_no_address_is_refused_in_words(server: MailServer, bad: str) -> None:
    answer = signed_in().post("/me/email/", {"address": bad})
    assert answer.status_code == 400
    assert b"This is no e-mail address" in answer.content
    assert not Mail.objects.exists()


def test_a_site_without_mail_says_so(settings: Settings, cycle: Cycle) -> None:
    assert settings.TPP_SENDS_MAIL is False
    page = signed_in().get("/me/").content.decode()
    assert "This site sends no mail." in page
    assert 'type="email"' not in page
    assert signed_in().post("/me/email/", {"address": MAILBOX}).status_code == 409


def test_who_is_not_signed_in_is_asked_to(cycle: Cycle) -> None:
    assert b"Sign in to see" in Client().get("/me/").content
    assert b"Sign in to see" in Client().post("/me/email/", {"address": MAILBOX}).content
    assert not EmailAddress.objects.exists()


def test_a_form_from_elsewhere_sets_nothing(server: MailServer) -> None:
    visitor = Visitor("alice")
    visitor.sign_in()
    assert visitor.client.post("/me/email/", {"address": MAILBOX}).status_code == 403


def test_accepting_a_ballot_asks_nothing_more(server: MailServer, cycle: Cycle) -> None:
    counts = []
    for name in ("carol", "bob", "alice"):
        if name == "alice":
            confirm(server, signed_in())
        with CaptureQueriesContext(connection) as queries:
            cast_ballot(number=cycle.number, submission=signed(name, cycle), at=database_clock())
        counts.append(len(queries))
        assert not [query for query in queries if "mail" in query["sql"]]
    assert counts[1] == counts[2]


def test_the_tick_hands_out_mail_only_where_there_is_some(
    server: MailServer, cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    for task in (tasks.write_receipts, send_mail):
        monkeypatch.setattr(task, "apply_async", lambda *_, name=task.name, **__: sent.append(name))
    at = database_clock()
    tasks.dispatch_mail(at)
    assert sent == []
    confirm(server, signed_in())
    cast(cycle)
    tasks.dispatch_mail(database_clock())
    tasks.write_receipts()
    tasks.dispatch_mail(database_clock())
    assert sent == ["votes.tasks.write_receipts", "journal.tasks.send_mail"]
    send_mail()
    assert len(server.mails) == 2


def test_the_database_keeps_addresses_that_nobody_confirmed_from_receipts() -> None:
    at = database_clock()
    bad = EmailAddress(wallet=wallet("alice"), address=MAILBOX, set_at=at, receipts_since=at)
    with pytest.raises(IntegrityError, match="receipts_go_to_confirmed"), transaction.atomic():
        bad.save(force_insert=True)
    with pytest.raises(IntegrityError, match="a_mail_to_send_has_words"), transaction.atomic():
        Mail.objects.create(key="k", recipient="r", to=MAILBOX, created_at=at, due_at=at)


def test_a_delegate_alone_gets_the_mail(server: MailServer, cycle: Cycle) -> None:
    confirm(server, signed_in())
    for name in POWERS:
        cast(cycle, name)
    deliver()
    assert [mail["To"] for mail in server.mails] == [MAILBOX] * 2


def test_a_wallet_takes_a_name_that_nobody_else_has(cycle: Cycle) -> None:
    client, other = signed_in("alice"), signed_in("bob")
    assert (
        "Your name is changed."
        in client.post("/me/name/", {"name": "  Ada \n Lovelace "}, follow=True).content.decode()
    )
    assert "Ada Lovelace" in client.get("/").content.decode()
    assert b"Another wallet has this name" in other.post("/me/name/", {"name": "ada lovelace"}).content
    for bad in ("x" * 81, "\u202eAda", "0x1234"):
        assert client.post("/me/name/", {"name": bad}).status_code == 400
    client.post("/me/name/", {"name": ""})
    assert Wallet.objects.get(pk=address("alice")).name == ""
