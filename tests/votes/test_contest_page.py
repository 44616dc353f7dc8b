"""A contest's page: counted anew, equal to what was published, readable whatever happened, and kept."""

import io
import json
import random
import re
from collections.abc import Mapping
from pathlib import Path

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django import Settings

from journal.clock import database_clock
from tests.factories import UNIT, make_community, make_cycle, signed
from votes.actions.ballots import cast_ballot
from votes.actions.closing import close_cycle, publish_result
from votes.models import ContestResult, Cycle
from votes.tally import RULES
from votes.views import contests
from votes.views.contests import recount
from votes.views.working import work_out
from votes.views.working.words import Amount, Sentence

pytestmark = pytest.mark.django_db

SPLITS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    "alice": {"ignite": {"lending": 7000, "exchanges": 3000}, "security": {"audits": 4000, "bounties": 6000}},
    "bob": {"ignite": {"lending": 1000, "exchanges": 9000}, "security": {"audits": 3333, "bounties": 6667}},
    "carol": {"ignite": {"lending": 6500, "exchanges": 3500}},
}


def published(cycle: Cycle) -> Cycle:
    """The cycle with everybody's ballots in, closed and tallied."""
    for name, split in SPLITS.items():
        cast_ballot(number=cycle.number, submission=signed(name, cycle, split), at=database_clock())
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    return Cycle.objects.select_related("power__snapshot", "announcement").get(pk=cycle.pk)


def address_of(cycle: Cycle, key: str, query: str = "") -> str:
    return reverse("contest", args=[cycle.number, key]) + query


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, address
    cells_apart = re.sub(r"</t[hd]>", " ", answer.content.decode().replace("&nbsp;", " "))
    return re.sub(r"[\s\u00a0]+", " ", re.sub(r"<[^>]*>", "", cells_apart))


def shown(sentence: Sentence) -> str:
    """A sentence as it stands on the page, amounts in tokens."""
    parts = (f"{part.units // UNIT:,} TST" if isinstance(part, Amount) else str(part) for part in sentence)
    return "".join(parts).replace("\u00a0", " ")


@pytest.mark.parametrize("key", ["ignite", "security"])
def test_what_is_counted_anew_equals_the_published_result_to_the_fraction(key: str) -> None:
    cycle = published(make_cycle(make_community()))
    contest = cycle.contests.get(key=key)
    assert contest.budget is not None
    counted_anew = recount(cycle, contest, contest.budget, splits=True)
    rows = list(ContestResult.objects.filter(contest=contest))
    assert {row.rule for row in rows} == set(RULES) == set(counted_anew.outcomes)
    for row in rows:
        outcome = counted_anew.outcomes[row.rule]
        assert [given.share for given in row.options.all()] == [str(share) for share in outcome.shares]
        assert [given.amount for given in row.options.all()] == list(outcome.amounts)
        assert row.parameter == (None if outcome.parameter is None else str(outcome.parameter))
        assert (row.voters, row.power) == counted_anew.turnout


@pytest.mark.parametrize("rule", ["", *RULES])
def test_the_page_holds_every_sentence_of_the_working(client: Client, rule: str) -> None:
    cycle = published(make_cycle(make_community()))
    contest = cycle.contests.get(key="security")
    text = read(client, address_of(cycle, "security", f"?rule={rule}" if rule else ""))
    assert contest.budget is not None
    counted_anew = recount(cycle, contest, contest.budget, splits=True)
    outcome = counted_anew.outcomes[rule or contest.rule]
    done = work_out(counted_anew.profile, outcome, counted_anew.terms, range(2))
    assert done.payout is not None
    for sentence in (*done.floors, *done.opening, *done.payout.sentences):
        assert shown(sentence) in text
    for step in done.steps:
        for sentence in step.sentences:
            assert shown(sentence) in text
    assert "By every rule, they equal the published result" in text
    assert ("does not bind" in text) == bool(rule and rule != contest.rule)


def test_the_page_shows_all_rules_beside_the_one_that_binds(client: Client) -> None:
    cycle = published(make_cycle(make_community()))
    content = client.get(address_of(cycle, "ignite")).content.decode()
    for rule in RULES.values():
        assert rule.title in content
        assert rule.sentence in content
    binding = ContestResult.objects.get(contest__key="ignite", is_binding=True)
    for given in binding.options.all():
        assert f'title="{given.share}"' in content
        assert f'<data value="{given.amount}"' in content
    assert " style=" not in content
    assert content.count("<script") == client.get(reverse("home")).content.decode().count("<script")
    result_page = client.get(reverse("result", args=[cycle.number])).content.decode()
    assert address_of(cycle, "ignite", "#steps") in result_page


def test_a_page_that_was_made_is_kept_and_a_cache_that_is_down_is_done_without(
    client: Client, settings: Settings
) -> None:
    cycle = published(make_cycle(make_community()))
    address = address_of(cycle, "ignite")
    with CaptureQueriesContext(
        connection,
    ) as first:
        text = read(client, address)
    with CaptureQueriesContext(connection) as second:
        assert read(client, address) == text
    assert any("unnest" in query["sql"] for query in first.captured_queries)
    assert not any("unnest" in query["sql"] for query in second.captured_queries)
    assert len(second) <= 12
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1/0",
        }
    }
    assert read(client, address) == text


@pytest.mark.django_db(transaction=True)
def test_a_published_result_that_is_not_that_of_the_ballots_is_told(
    client: Client, superuser: psycopg.Connection
) -> None:
    cycle = published(make_cycle(make_community()))
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE votes_optionresult SET share = '1/3' WHERE share = '1/2'")
    superuser.execute("UPDATE votes_optionresult SET amount = amount + 1")
    for _ in range(2):
        assert "This does not equal the published result." in read(client, address_of(cycle, "ignite"))


def test_below_the_quorum_the_page_says_what_was_missing(client: Client) -> None:
    cycle = published(make_cycle(make_community(quorum_power=9_000, quorum_voters=2)))
    text = read(client, address_of(cycle, "security"))
    assert (
        "Too few took part, so by the rules frozen before the vote the whole budget stays in the reserve."
        in text
    )
    assert "Of all voting power that was frozen 90 % 80.0 % no" in text
    assert "Voters 2 2 yes" in text
    assert "They equal what was published." in text
    assert "Work it out step by step" in read(client, address_of(cycle, "ignite"))


def test_before_there_is_a_result_and_where_there_is_no_contest(client: Client) -> None:
    cycle = make_cycle(make_community())
    assert "No result yet" in read(client, address_of(cycle, "ignite"))
    assert client.get(address_of(cycle, "lending")).status_code == 404
    assert client.get(f"/cycles/{cycle.number + 1}/contests/ignite/").status_code == 404
    assert address_of(cycle, "*") == f"/cycles/{cycle.number}/contests/all_programmes/"
    assert client.get(address_of(cycle, "*")).status_code == 404


@pytest.mark.parametrize(("options", "voters"), [(2, 3), (300, 40)])
def test_an_imported_vote_of_any_size_is_worked_out(
    client: Client, tmp_path: Path, options: int, voters: int
) -> None:
    chance = random.Random(options)
    votes = [
        {
            "voter": f"0x{voter:040x}",
            "vp": chance.randrange(1, 10**6),
            "created": 1_700_000_000 + voter,
            "choice": {str(option): chance.randrange(1, 99) for option in range(1, options + 1)},
        }
        for voter in range(1, voters + 1)
    ]
    (tmp_path / "votes.json").write_text(json.dumps(votes))
    call_command("import_votes", str(tmp_path / "votes.json"), "--title", "Elsewhere", stdout=io.StringIO())
    cycle = Cycle.objects.get()
    for query in ("", "?rule=ladder", "?from=25", "?rule=median_phantoms&from=9999", "?rule=none&from=-1"):
        answer = client.get(address_of(cycle, "imported", query))
        assert answer.status_code == 200
        assert len(answer.content) < 250_000
        content = answer.content.decode()
        assert "Unsigned import" in content
        assert content.count('class="stairs"') == min(options, contests.AT_ONCE)
        assert "Turn shares into amounts" not in content
        assert "they equal the published result" in content
