"""Every edit is kept and shown line by line; who may edit, and when; two at once don't overwrite each other."""

from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from journal.clock import database_clock
from programmes.actions import admit_programmes
from programmes.models import Admission, Facilitator, Programme, ProgrammeRevision, RevisionWords
from tests.factories import HOUR, UNIT, Community, make_community, make_cycle, wallet
from tests.programmes.typed import TYPOLOGIES, proposal
from tests.tpp.html_reader import Page

pytestmark = pytest.mark.django_db

PATH = "/programmes/tooling/edit/"
STANDING = [{**row, "slug": row["name"].lower()} for row in TYPOLOGIES]


@pytest.fixture
def community() -> Community:
    return make_community()


def signed_in(name: str) -> Client:
    client = Client()
    client.force_login(wallet(name))
    return client


@pytest.fixture
def alice(community: Community) -> Client:
    """Alice, who proposed Tooling."""
    client = signed_in("alice")
    assert client.post("/programmes/propose/", proposal()).status_code == 302
    return client


def edited(revision: int = 1, **changes: Any) -> dict[str, str]:
    """The form of Tooling as it stands after its proposal, with changes."""
    typed = proposal(**{"typologies": STANDING, **changes})
    return {**typed, "revision": str(revision), "reason": changes.get("reason", "")}


def appoint(slug: str, name: str, *, starts_in: timedelta, lasts: timedelta = 2 * HOUR) -> None:
    starts_at = database_clock() + starts_in
    Facilitator.objects.create(
        programme=Programme.objects.get(slug=slug),
        wallet=wallet(name),
        starts_at=starts_at,
        ends_at=starts_at + lasts,
        pay_rule="1 %",
        interest="None.",
    )


def test_an_edit_is_shown_in_the_history_line_by_line(alice: Client) -> None:
    assert "Edit the statement" in alice.get("/programmes/tooling/").content.decode()
    shown = alice.get(PATH).content.decode()
    assert Page.read(shown).faults == []
    assert 'value="12.5"' in shown
    sent = edited(plan="First line.\n<b>Second</b> line.", reason="Clearer & shorter")
    assert alice.post(PATH, sent).status_code == 302
    history = Client().get("/programmes/tooling/history/").content.decode()
    page = Page.read(history)
    assert page.faults == []
    assert [e.text for e in page.all("del")] == ["Removed: Our plan."]
    assert [e.text for e in page.all("ins")] == ["Added: First line.", "Added: <b>Second</b> line."]
    assert "<b>Second" not in history
    for words in ("Alice", "Clearer &amp; shorter", "Revision 2", "The statement as it stood first."):
        assert words in history
    assert Programme.objects.get(slug="tooling").plan.startswith("First line.")


def test_goals_and_typologies_are_edited_and_new_ones_added(alice: Client) -> None:
    swapped = [{**STANDING[0], "name": "Docs"}, {**STANDING[1], "name": "Compilers", "cap": "70"}]
    extra = {"name": "Tests", "summary": "Proofs."}
    goal = {"goal": "Fewer faults", "metric": "Reports", "target": "10"}
    assert alice.post(PATH, edited(typologies=[*swapped, extra], goals=[goal])).status_code == 302
    programme = Programme.objects.get(slug="tooling")
    assert [(t.slug, t.name, t.cap) for t in programme.typologies.all()] == [
        ("compilers", "Docs", 10_000),
        ("docs", "Compilers", 7000),
        ("tests", "Tests", 10_000),
    ]
    assert [goal.goal for goal in programme.goals.all()] == ["Fewer faults"]
    history = Client().get("/programmes/tooling/history/").content.decode()
    assert "Fewer faults · measured by Reports · target 10" in history


def test_a_typology_left_out_stays(alice: Client) -> None:
    assert alice.post(PATH, edited(typologies=[STANDING[1]], plan="New.")).status_code == 302
    assert Programme.objects.get(slug="tooling").typologies.count() == 2


def test_of_two_edits_at_once_the_second_is_refused_with_what_changed_and_its_text_kept(
    alice: Client,
) -> None:
    appoint("tooling", "bob", starts_in=-HOUR)
    assert alice.post(PATH, edited(plan="Alice's plan.")).status_code == 302
    bob = signed_in("bob")
    answer = bob.post(PATH, edited(plan="Bob's plan."))
    shown = answer.content.decode()
    page = Page.read(shown)
    assert answer.status_code == 409
    assert page.faults == []
    assert "Somebody else changed this statement" in shown
    assert [e.text for e in page.all("ins")] == ["Added: Alice's plan."]
    kept = next(e for e in page.all("textarea") if e.attributes.get("name") == "plan")
    assert kept.text.strip() == "Bob's plan."
    assert Programme.objects.get(slug="tooling").plan == "Alice's plan."
    number = next(e for e in page.all("input") if e.attributes.get("name") == "revision")
    assert number.attributes["value"] == "2"
    assert bob.post(PATH, edited(2, plan="Bob's plan.")).status_code == 302
    assert ProgrammeRevision.objects.count() == 3


def test_what_can_not_stand_is_refused_and_nothing_is_stored(alice: Client) -> None:
    answer = alice.post(PATH, edited(plan="New.", budget="506"))
    assert answer.status_code == 400
    assert "at most 50 %" in answer.content.decode()
    answer = alice.post(PATH, edited())
    assert (answer.status_code, "Nothing was changed" in answer.content.decode()) == (400, True)
    answer = alice.post(PATH, {**edited(plan="New."), "revision": "x"})
    assert answer.status_code == 400
    assert ProgrammeRevision.objects.count() == 1
    assert Programme.objects.get(slug="tooling").plan == "Our plan."


def test_more_rows_on_the_edit_page_keep_everything(alice: Client) -> None:
    shown = alice.post(PATH, {**edited(plan="Half written"), "more": "goals"}).content.decode()
    assert Page.read(shown).faults == []
    assert "Half written" in shown
    assert ProgrammeRevision.objects.count() == 1


@pytest.mark.parametrize("name", ["bob", None])
def test_strangers_do_not_edit(alice: Client, name: str | None) -> None:
    client = signed_in(name) if name else Client()
    for answer in (client.get(PATH), client.post(PATH, edited(plan="Mine."))):
        assert answer.status_code == 403
        assert Page.read(answer.content.decode()).faults == []
    assert Programme.objects.get(slug="tooling").plan == "Our plan."
    assert "Edit the statement" not in client.get("/programmes/tooling/").content.decode()


@pytest.mark.parametrize(
    ("starts_in", "allowed"),
    [(timedelta(seconds=40), False), (-timedelta(seconds=1), True), (-2 * HOUR, False)],
    ids=["before", "during", "after"],
)
def test_a_facilitator_edits_during_the_term_only(alice: Client, starts_in: timedelta, allowed: bool) -> None:
    appoint("tooling", "bob", starts_in=starts_in)
    bob = signed_in("bob")
    assert bob.get(PATH).status_code == (200 if allowed else 403)
    assert bob.post(PATH, edited(plan="Bob's plan.")).status_code == (302 if allowed else 403)


def test_once_admitted_the_proposer_edits_no_more_and_facilitators_leave_the_budget(alice: Client) -> None:
    programme = Programme.objects.get(slug="tooling")
    Admission.objects.create(programme=programme, admitted_at=database_clock(), rule="queue")
    assert alice.post(PATH, edited(plan="Later.")).status_code == 403
    appoint("tooling", "bob", starts_in=-HOUR)
    bob = signed_in("bob")
    assert 'name="budget"' not in bob.get(PATH).content.decode()
    assert bob.post(PATH, edited(plan="Bob's plan.", budget="400")).status_code == 302
    programme.refresh_from_db()
    assert (programme.plan, programme.budget) == ("Bob's plan.", 10 * UNIT)


def test_a_founded_programme_gets_its_first_state_at_its_first_edit(community: Community) -> None:
    cycle = make_cycle(community)
    appoint("ignite", "bob", starts_in=-HOUR)
    bob = signed_in("bob")
    assert "never edited since it was founded" in bob.get("/programmes/ignite/history/").content.decode()
    rows = [{"slug": "lending", "name": "Loans", "summary": "Lend.", "floor": "10"}]
    sent = {**proposal(typologies=rows), "revision": "1", "reason": ""}
    assert bob.post("/programmes/ignite/edit/", sent).status_code == 302
    assert [(r.number, r.editor) for r in community.ignite.revisions.all()] == [(2, wallet("bob")), (1, None)]
    names = cycle.options.values_list("name", "floor")
    assert ("Lending", 0) in list(names)  # announced rules stay as they are


def test_the_history_is_shown_twenty_at_a_time(alice: Client) -> None:
    for number in range(1, 22):
        assert alice.post(PATH, edited(number, plan=f"Plan {number}.")).status_code == 302
    first = Client().get("/programmes/tooling/history/").content.decode()
    assert first.count('id="revision-') == 20
    assert 'href="?before=3"' in first
    second = Client().get("/programmes/tooling/history/?before=3").content.decode()
    assert second.count('id="revision-') == 2
    assert Client().get("/programmes/tooling/history/?before=-1").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_revisions_are_only_appended_and_their_words_can_go_but_never_become_others(
    superuser: psycopg.Connection,
) -> None:
    make_community()
    assert signed_in("alice").post("/programmes/propose/", proposal()).status_code == 302
    for statement in ("UPDATE {} SET number = 9", "DELETE FROM {}", "TRUNCATE {} CASCADE"):
        with pytest.raises(psycopg.Error, match="only ever appended"):
            superuser.execute(statement.format("programmes_programmerevision"))
    for table in ("sponsorship", "admission", "application", "milestone"):
        with pytest.raises(psycopg.Error, match="only ever appended"):
            superuser.execute(f"TRUNCATE programmes_{table} CASCADE")
    with pytest.raises(DatabaseError, match="not those that were"):
        RevisionWords.objects.update(document="{}")
    RevisionWords.objects.all().delete()
    assert (
        "words of this revision were erased" in Client().get("/programmes/tooling/history/").content.decode()
    )
    connection.close()


def test_only_a_first_revision_has_no_editor(alice: Client) -> None:
    programme = Programme.objects.get(slug="tooling")
    told = {"programme": programme, "edited_at": database_clock(), "words_sha256": b"x" * 32}
    with pytest.raises(IntegrityError, match="only_a_first_revision_has_no_editor"), transaction.atomic():
        ProgrammeRevision.objects.create(number=2, editor=None, **told)
    with pytest.raises(IntegrityError, match="a_revision_number_is_given_once"), transaction.atomic():
        ProgrammeRevision.objects.create(number=1, editor=wallet("bob"), **told)
    assert admit_programmes(database_clock()) == []
