"""From an empty database to an announced cycle by requests alone; what is wrong is said, and nothing is half stored."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from journal.clock import database_clock
from journal.models import AuditEntry
from journal.refusal import Refusal
from ledger.models import Token
from power.models import Register
from power.registers import canonical_hash, read
from programmes.actions import found_community, publish_power
from programmes.models import MetaProgramme, Programme
from tests.accounts.visitors import Visitor
from tests.factories import HOUR, UNIT, address, make_community, make_cycle
from tests.programmes.typed import TYPOLOGIES
from tests.races import at_once
from tests.tpp.html_reader import Page
from tests.votes import founding
from votes import tasks
from votes.actions.steps import run_everything_due
from votes.models import Cycle, Schedule
from votes.setting_up import steps_to_first_cycle

pytestmark = pytest.mark.django_db

REGISTER, COMMUNITY, PROGRAMME = "/admin/register/", "/admin/community/", "/admin/programmes/new/"


@pytest.fixture
def alice(settings: Settings) -> Visitor:
    settings.TPP_ADMINS = [address("alice")]
    visitor = Visitor("alice")
    visitor.sign_in()
    return visitor


def post(visitor: Visitor, path: str, typed: dict[str, Any]) -> Any:
    return visitor.client.post(path, typed, headers={"x-csrftoken": visitor.token()})


def page_of(visitor: Visitor, path: str) -> str:
    answer = visitor.client.get(path)
    assert answer.status_code == 200, path
    text = str(answer.content.decode())
    assert Page.read(text).faults == [], path
    return text


def look_and_publish(visitor: Visitor, lines: str = founding.LIST, name: str = "Founders") -> Any:
    seen = post(visitor, REGISTER, {"pasted": lines, "do": "look"})
    assert seen.status_code == 200, seen.content.decode()
    kept = re.search(r'name="list" value="(\w+)"', seen.content.decode())
    assert kept
    return post(visitor, REGISTER, {"list": kept[1], "name": name, "do": "publish"})


def found(visitor: Visitor, **changes: str) -> Any:
    register = Register.objects.order_by("-pk").first()
    typed = founding.community(**{"register": str(register.pk) if register else "", **changes})
    return post(visitor, COMMUNITY, typed)


def rows() -> dict[str, int]:
    """How many rows stand in every table of ours."""
    models = [model for model in apps.get_models() if model._meta.app_label != "sessions"]
    return {model.__name__: model._default_manager.count() for model in models}


def open_steps(text: str) -> list[str]:
    return re.findall(r'<b>([^<]+)</b> <span class="left-mark">open', text)


def test_from_an_empty_database_to_an_announced_cycle_by_requests_alone(alice: Visitor) -> None:
    front = page_of(alice, "/")
    assert len(open_steps(front)) == 6
    assert f'href="{REGISTER}"' in front
    assert f'href="{COMMUNITY}"' not in front  # not before there is a register
    assert "founded" not in page_of(alice, COMMUNITY)

    assert look_and_publish(alice)["Location"] == "/admin/"
    register = Register.objects.get()
    assert bytes(register.sha256) == canonical_hash(read(founding.LIST.encode()))
    assert f'href="{COMMUNITY}"' in page_of(alice, "/")

    looked = found(alice, do="look")
    assert "12,000.5 RVR, enough for 12 cycles" in looked.content.decode()
    assert "80 RVR of voting power together" in looked.content.decode()
    assert not MetaProgramme.objects.exists()
    assert found(alice)["Location"] == "/admin/"
    meta = MetaProgramme.objects.get()
    assert (meta.budget_per_cycle, meta.source.floor) == (1_000 * UNIT, -12_000 * UNIT - UNIT // 2)
    assert (meta.sponsor_threshold, meta.largest_share, meta.token.chain_id) == (8 * UNIT // 10, 8000, 324)

    assert post(alice, PROGRAMME, founding.programme())["Location"] == "/admin/"
    programme = Programme.objects.get()
    assert programme.is_admitted(database_clock())
    assert list(programme.typologies.values_list("slug", "floor", "cap")) == [
        ("compilers", 1250, 10_000),
        ("docs", 0, 6000),
    ]
    assert programme.goals.count() == 1
    assert "River commons" in page_of(Visitor("carol"), f"/programmes/{programme.slug}/history/")

    assert "2 typologies" in page_of(alice, "/admin/schedules/new/")
    assert post(alice, "/admin/schedules/new/", founding.schedule(programme.pk)).status_code == 302
    cycle = Cycle.objects.order_by("opens_at").first()
    assert cycle is not None
    left = page_of(alice, "/admin/")
    assert open_steps(left) == ["The first cycle announces itself"]
    assert "It is due now" in left

    run_everything_due(at=database_clock())  # what beat does every two seconds
    announced = Cycle.objects.get(pk=cycle.pk).announcement
    assert announced.rules.contests[0].budget == 800 * UNIT
    assert announced.rules.power.sha256 == bytes(register.sha256).hex()
    assert "left to do" not in page_of(alice, "/admin/")
    assert "opens in" in page_of(Visitor("carol"), "/")
    verbs = list(AuditEntry.objects.order_by("pk").values_list("verb", "actor"))
    assert verbs == [
        (verb, address("alice"))
        for verb in ("publish_register", "found_community", "found_programme", "create_schedule")
    ]


def test_whoever_is_no_admin_sees_what_this_place_is_and_how_far(alice: Visitor) -> None:
    for visitor in (Visitor("carol"), Visitor("bob")):
        if visitor.name == "bob":
            visitor.sign_in()
        front = page_of(visitor, "/")
        assert "This place is being set up" in front
        assert "periodic votes" in front
        assert len(open_steps(front)) == 6
        assert "/admin/register/" not in front
        for path in (REGISTER, COMMUNITY, PROGRAMME):
            assert visitor.client.get(path).status_code == 403
            assert post(visitor, path, {"do": "publish"}).status_code == 403
    look_and_publish(alice)
    found(alice)
    assert "River commons is being set up" in page_of(Visitor("carol"), "/")


def test_a_file_is_looked_at_and_published_as_it_was_looked_at(alice: Visitor) -> None:
    data = ("\ufeff" + founding.LIST + f"{address('carol')},0,Carol\n").encode()
    file = SimpleUploadedFile("list.csv", data, content_type="text/csv")
    seen = post(alice, REGISTER, {"file": file, "do": "look"}).content.decode()
    for words in (
        "3, 1 of them without power",
        "2 with a name",
        "80 tokens",
        "62.50 %",
        str(canonical_hash(read(data)).hex()),
    ):
        assert words in seen, words
    kept = re.search(r'name="list" value="(\w+)"', seen)
    assert kept
    assert rows()["Register"] == 0
    post(alice, REGISTER, {"list": kept[1], "name": "From a file", "do": "publish"})
    assert Register.objects.get().name == "From a file"
    again = post(alice, REGISTER, {"list": kept[1], "name": "Once more", "do": "publish"})
    assert again.status_code == 409
    assert "Upload it once more" in again.content.decode()


BAD_LISTS = {
    "": "Choose a file, or paste its lines.",
    "address,power\n": "Line 1: the column name is missing",
    "address,power,name\n": "Line 1: there is no entry.",
    f"address,power,name\n{founding.TOKEN},1.5,\n0x12,3,\n{founding.TOKEN},2,\n{founding.TOKEN},2,\n":
        "Line 2: power must be a whole number",
    "x" * 200_001: "too many lines to paste",
}  # fmt: skip


@pytest.mark.parametrize("lines", BAD_LISTS)
def test_a_bad_list_is_refused_in_words_and_nothing_is_stored(alice: Visitor, lines: str) -> None:
    before = rows()
    answer = post(alice, REGISTER, {"pasted": lines, "do": "look"})
    assert answer.status_code in {400, 413}
    assert BAD_LISTS[lines] in answer.content.decode()
    assert Page.read(answer.content.decode()).faults == []
    assert rows() == before


def test_every_fault_of_a_list_is_told_with_its_line(alice: Visitor) -> None:
    lines = f"address,power,name\n{founding.TOKEN},1.5,\n0x12,3,\n{founding.TOKEN},2,\n{founding.TOKEN},2,\n"
    seen = post(alice, REGISTER, {"pasted": lines, "do": "look"}).content.decode()
    assert re.findall(r"<li>Line (\d+): ", seen) == ["2", "3", "5"]
    assert "0x12,3" in seen  # what was pasted is still there


def test_the_same_list_is_not_published_twice(alice: Visitor) -> None:
    look_and_publish(alice)
    before = rows()
    answer = look_and_publish(alice, name="Again")
    assert answer.status_code == 409
    assert "published already" in answer.content.decode()
    assert rows() == before


BAD_COMMUNITIES = {
    "cannot be seen": {"name": "\u200b"},
    "This field is required.": {"description": " "},
    "a whole number above 0": {"chain_id": "0"},
    "Write a whole number.": {"chain_id": "one"},
    "An address": {"token_address": "0x12"},
    "without spaces": {"symbol": "A B"},
    "from 0 to 36": {"decimals": "37"},
    "a vote moves nothing": {"budget_per_cycle": "0"},
    "with a point before decimals": {"budget_per_cycle": "-5"},
    "less than one cycle gives": {"cap": "999.9"},
    "more than 18 decimals": {"cap": "1000." + "0" * 18 + "1"},
    "no more than all power": {"sponsor_threshold": "81"},
    "at most 100 %": {"largest_share": "100.01"},
    "at most a day": {"workload_ceiling": "1441"},
    "Between 50 and": {"longest_statement": "49"},
    "not one of the available choices": {"register": "999999"},
}


@pytest.mark.parametrize("do", ["look", "found"])
@pytest.mark.parametrize("words", BAD_COMMUNITIES)
def test_a_bad_community_is_refused_in_words_and_nothing_is_stored(
    alice: Visitor, words: str, do: str
) -> None:
    look_and_publish(alice)
    before = rows()
    answer = found(alice, do=do, **BAD_COMMUNITIES[words])
    assert answer.status_code == 400
    shown = answer.content.decode()
    assert words in shown
    assert "Found it for good" not in shown
    assert Page.read(shown).faults == []
    assert rows() == before


def test_a_register_without_power_founds_nothing(alice: Visitor) -> None:
    look_and_publish(alice, f"address,power,name\n{founding.TOKEN},0,\n")
    answer = found(alice)
    assert "holds no voting power" in answer.content.decode()
    assert not MetaProgramme.objects.exists()
    assert not Token.objects.exists()


def test_the_community_is_founded_once(alice: Visitor) -> None:
    look_and_publish(alice)
    found(alice)
    before = rows()
    answer = found(alice, name="Another")
    assert answer.status_code == 409
    assert "founded already" in answer.content.decode()
    assert "is founded, and decides" in page_of(alice, COMMUNITY)
    assert rows() == before


TWINS = list(zip(TYPOLOGIES, ("Docs", "Dοcs"), strict=True))
BAD_PROGRAMMES: dict[str, dict[str, Any]] = {
    "at least two typologies": {"typologies": TYPOLOGIES[:1]},
    "Ask for more than nothing.": {"budget": "0"},
    "at most 80 %": {"budget": "801"},
    "The floors come to 100 %": {"typologies": [{**row, "floor": "50"} for row in TYPOLOGIES]},
    "kept for the site": {"slug": "admin"},
    "It looks like": {"typologies": [{**row, "name": name} for row, name in TWINS]},
    "Say how it is measured.": {"goals": [{"goal": "More", "target": "2"}]},
}  # fmt: skip


@pytest.mark.parametrize("words", BAD_PROGRAMMES)
def test_a_bad_programme_is_refused_in_words_and_nothing_is_stored(alice: Visitor, words: str) -> None:
    look_and_publish(alice)
    found(alice)
    before = rows()
    answer = post(alice, PROGRAMME, founding.programme(**BAD_PROGRAMMES[words]))
    assert answer.status_code == 400
    assert words in answer.content.decode()
    assert rows() == before


def test_programmes_share_the_budget_and_names_look_different(alice: Visitor) -> None:
    look_and_publish(alice)
    found(alice)
    post(alice, PROGRAMME, founding.programme())
    for changes, words in (
        ({"name": "Other", "budget": "201"}, "more than the community gives"),
        ({"name": "Tοoling", "slug": "other", "budget": "1"}, "looks like that of"),
    ):
        answer = post(alice, PROGRAMME, founding.programme(**changes))
        assert words in answer.content.decode()
    assert Programme.objects.count() == 1
    assert post(alice, PROGRAMME, founding.programme(name="Other", budget="200")).status_code == 302


def test_without_a_community_no_programme_is_founded(alice: Visitor) -> None:
    assert "First found the community" in page_of(alice, PROGRAMME)
    answer = post(alice, PROGRAMME, founding.programme())
    assert answer.status_code == 409
    assert not Programme.objects.exists()


def test_once_a_cycle_is_announced_nobody_founds_by_a_role(alice: Visitor) -> None:
    community = make_community()
    assert steps_to_first_cycle(database_clock())
    make_cycle(community)
    assert steps_to_first_cycle(database_clock()) == []
    before = rows()
    assert "propose it" in page_of(alice, PROGRAMME)
    answer = post(alice, PROGRAMME, founding.programme(budget="1"))
    assert answer.status_code == 409
    assert "the rule of admission decides" in answer.content.decode()
    assert rows() == before


def test_a_newer_register_decides_from_the_next_announcement_on(alice: Visitor) -> None:
    community = make_community()
    due = make_cycle(community, opens_in=2 * HOUR, announced=False)  # no job has run; its rules are due
    old = community.meta.register
    look_and_publish(alice, name="Newer")
    community.meta.refresh_from_db()
    assert community.meta.register.name == "Newer"
    frozen = Cycle.objects.get(pk=due.pk).announcement.rules
    assert frozen.power.sha256 == bytes(old.sha256).hex()
    entry = AuditEntry.objects.get(verb="publish_register")
    assert (old.name in entry.before, "Newer" in entry.after) == (True, True)


def test_what_blocks_the_first_announcement_stands_in_the_list(alice: Visitor) -> None:
    look_and_publish(alice)
    found(alice, cap="1000")
    post(alice, PROGRAMME, founding.programme())
    programme = Programme.objects.get()
    post(alice, "/admin/schedules/new/", founding.schedule(programme.pk))
    Programme.objects.update(budget=1001 * UNIT)
    shown = page_of(alice, "/")
    assert "its rules cannot be frozen yet" in shown
    assert "the source may give only" in shown
    assert open_steps(shown) == [
        "Clear what blocks the first announcement",
        "The first cycle announces itself",
    ]


def test_verbs_ask_for_the_role_themselves(alice: Visitor) -> None:
    register = Register.objects.get() if look_and_publish(alice).status_code == 302 else None
    assert register is not None
    at = database_clock()
    entries = read(f"address,power,name\n{founding.TOKEN},7,\n".encode())
    with pytest.raises(Refusal, match="Only an admin"):
        publish_power(name="Mine", entries=entries, actor=address("bob"), at=at)
    with pytest.raises(Refusal, match="Only an admin"):
        found_community(values=None, actor=address("bob"), at=at)  # type: ignore[arg-type]
    assert Register.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_admins_at_once_found_one_community(settings: Settings) -> None:
    settings.TPP_ADMINS = [address("alice")]
    alice = Visitor("alice")
    alice.sign_in()
    look_and_publish(alice)
    visitors = [Visitor("alice") for _ in range(2)]
    for visitor in visitors:
        visitor.sign_in()
    answers = at_once(*(lambda visitor=visitor: found(visitor).status_code for visitor in visitors))
    assert sorted(answers) == [302, 409]
    assert (MetaProgramme.objects.count(), Token.objects.count()) == (1, 1)


def test_the_tick_alone_plans_and_announces(alice: Visitor) -> None:
    """The schedule is kept; everything after it happens without a request."""
    look_and_publish(alice)
    found(alice)
    post(alice, PROGRAMME, founding.programme())
    post(alice, "/admin/schedules/new/", founding.schedule(Programme.objects.get().pk))
    assert Schedule.objects.count() == 1
    cycle = Cycle.objects.earliest("opens_at")
    tasks.run_step("announce", cycle.pk)
    assert Cycle.objects.get(pk=cycle.pk).announcement.published_at >= cycle.announced_at
