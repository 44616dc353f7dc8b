"""Keys of demo wallets are public: no start but the demo's lets one hold anything."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

from chain.signing import checksum_address
from journal.clock import database_clock
from power.actions import freeze_list, publish_register
from power.models import Register
from power.registers import Entry
from programmes.models import Facilitator, MetaProgramme
from tests.factories import HOUR, Community, a_moment_after, make_community, make_cycle, wallet
from tpp.demo.content import community as demo_community
from tpp.demo.content import demo_address, demo_addresses
from tpp.demo.founding import found
from tpp.demo.guard import refuse_demo_wallets
from tpp.setup import ROOT
from tpp.start import Guarded, may_start
from votes.actions.closing import close_cycle
from votes.models import CyclePower

DEMO = demo_community().delegates[0].address
REFUSED = "A demo wallet, whose key anybody can derive, holds power or a role in this database."

pytestmark = pytest.mark.django_db


def refuse() -> None:
    refuse_demo_wallets(at=database_clock())


def register(power: int, name: str = "R") -> None:
    entries = [Entry(DEMO, power, ""), Entry("0x" + "ab" * 20, 5, "")]
    publish_register(name=name, entries=entries, at=database_clock())


def appoint(community: Community, *, ends_in: timedelta) -> None:
    at = database_clock()
    stranger = wallet("alice")
    stranger.pk = stranger.address = DEMO
    stranger.save(force_insert=True)
    Facilitator.objects.create(
        programme=community.ignite,
        wallet_id=DEMO,
        starts_at=at - 9 * HOUR,
        ends_at=at + ends_in,
        pay_rule="1 %",
        interest="None.",
    )


def freeze_for_a_cycle(community: Community) -> CyclePower:
    at = database_clock()
    cycle = make_cycle(community, frozen=False)
    return CyclePower.objects.create(cycle=cycle, snapshot=freeze_list(powers={DEMO: 1}, timepoint=at, at=at))


def test_every_person_of_the_demo_is_known() -> None:
    assert len(demo_addresses()) == 57
    assert demo_address(demo_community().persons[0].label) in demo_addresses()


def test_an_empty_database_and_a_real_community_start() -> None:
    refuse()
    make_community()
    refuse()
    assert may_start()


def test_a_demo_address_in_the_first_register_is_refused() -> None:
    register(1)
    with pytest.raises(ImproperlyConfigured, match=REFUSED):
        refuse()


def test_a_demo_address_without_power_is_nobody() -> None:
    register(0)
    refuse()


def test_a_demo_address_in_the_register_in_force_is_refused_and_in_another_one_not() -> None:
    make_community()
    register(1)
    refuse()
    MetaProgramme.objects.update(register=Register.objects.get(name="R"))
    with pytest.raises(ImproperlyConfigured, match=REFUSED):
        refuse()


def test_power_frozen_for_a_cycle_is_refused_until_the_cycle_has_closed() -> None:
    power = freeze_for_a_cycle(make_community())
    with pytest.raises(ImproperlyConfigured, match=REFUSED):
        refuse()
    assert close_cycle(cycle_id=power.cycle_id, at=a_moment_after(power.cycle.closes_at))
    refuse()


def test_a_role_of_a_demo_address_is_refused_until_its_term_ends() -> None:
    community = make_community()
    appoint(community, ends_in=-HOUR)
    refuse()
    Facilitator.objects.update(ends_at=database_clock() + HOUR)
    with pytest.raises(ImproperlyConfigured, match=REFUSED):
        refuse()


def test_the_demos_own_database_starts_with_the_demos_setting_alone(settings: Settings) -> None:
    found(demo_community(), at=database_clock())
    with pytest.raises(ImproperlyConfigured, match=r"Start with bin/demo, or use another database\."):
        refuse()
    settings.TPP_DEMO = True
    refuse()


def test_the_demo_keeps_away_from_a_real_community(settings: Settings) -> None:
    settings.TPP_DEMO = True
    refuse()
    make_community()
    with pytest.raises(ImproperlyConfigured, match="holds a real community"):
        refuse()


def test_a_receipt_key_that_is_not_the_frozen_one_is_refused(settings: Settings) -> None:
    cycle = make_cycle(make_community())
    assert may_start()
    settings.TPP_RECEIPT_KEY = "77" * 32
    with pytest.raises(ImproperlyConfigured, match=f"the frozen rules of {cycle} name"):
        may_start()


def test_another_receipt_key_is_fine_where_nothing_is_announced(settings: Settings) -> None:
    make_cycle(make_community(), announced=False)
    settings.TPP_RECEIPT_KEY = "77" * 32
    assert may_start()


def test_the_check_of_the_database_says_what_a_start_would_say() -> None:
    call_command("check", databases=["default"])
    register(1)
    call_command("check")
    with pytest.raises(SystemCheckError, match=f"tpp.E001.*{REFUSED}"):
        call_command("check", databases=["default"])


STARTS = {
    "web": "-m granian --interface wsgi --host 127.0.0.1 --port 0 tpp.wsgi:application",
    "worker": "-m celery -A tpp worker --queues quick --concurrency 1",
    "beat": "-m celery -A tpp beat --scheduler celery.beat:Scheduler",
}


@pytest.mark.django_db(transaction=True)
def test_web_worker_and_beat_refuse_to_start() -> None:
    register(1)
    name = connection.settings_dict["NAME"]
    address = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}"
    inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    started = {
        name: subprocess.Popen(
            [sys.executable, *command.split()],
            cwd=ROOT,
            env={**inherited, "DATABASE_URL": address},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, command in STARTS.items()
    }
    for process in started.values():
        said, _ = process.communicate(timeout=60)
        assert process.returncode != 0
        assert f"Not started: {REFUSED}" in said
        assert "Traceback" not in said


def test_a_database_that_is_not_set_up_forbids_nothing_yet(caplog: pytest.LogCaptureFixture) -> None:
    """The web server starts, answers 503 and asks again at every request; tests/tpp/test_health.py shows it."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL search_path = pg_temp")
        assert not may_start()
        transaction.set_rollback(True)
    assert "cannot say yet whether this may start" in caplog.text
    assert may_start()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_comes_late_is_asked_before_anything_is_served() -> None:
    served: list[str] = []

    def site(environ: dict[str, str], start_response: object) -> list[bytes]:
        served.append(environ["PATH_INFO"])
        return []

    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = "1"
    try:
        late, other = Guarded(site), Guarded(site)
        late({"PATH_INFO": "/while-it-is-away/"}, print)
    finally:
        connection.settings_dict["PORT"] = port
    late({"PATH_INFO": "/when-it-is-there/"}, print)
    register(1)
    with pytest.raises(ImproperlyConfigured, match=REFUSED):
        other({"PATH_INFO": "/never/"}, print)
    late({"PATH_INFO": "/asked-once/"}, print)
    assert served == ["/while-it-is-away/", "/when-it-is-there/", "/asked-once/"]


@pytest.fixture
def demo(settings: Settings) -> Callable[..., bool]:
    """Whether a page offers demo wallets to a request with this host and address."""
    settings.TPP_DEMO = True
    settings.ALLOWED_HOSTS = ["*"]
    found(demo_community(), at=database_clock())

    def offers(host: str = "127.0.0.1:8000", address: str = "127.0.0.1") -> bool:
        shown = Client().get("/", HTTP_HOST=host, REMOTE_ADDR=address).content.decode()
        return 'id="demo-people"' in shown and "js/demo-wallet.js" in shown

    return offers


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1:8000", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("localhost:8000", "127.0.0.1"),
        ("localhost", "::1"),
        ("[::1]:8000", "::1"),
        ("[::1]", "::1"),
        ("127.8.8.8:80", "127.9.9.9"),
    ],
)
def test_demo_wallets_are_offered_on_this_machine(demo: Callable[..., bool], host: str, address: str) -> None:
    assert demo(host, address)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("votes.example.org", "127.0.0.1"),
        ("192.168.0.7:8000", "127.0.0.1"),
        ("127.0.0.1.example.org", "127.0.0.1"),
        ("localhost.example.org", "127.0.0.1"),
        ("127.0.0.1:8000", "192.168.0.9"),
        ("localhost", "203.0.113.5"),
        ("localhost", ""),
        ("0.0.0.0:8000", "127.0.0.1"),
    ],
)
def test_demo_wallets_are_offered_to_nobody_else(demo: Callable[..., bool], host: str, address: str) -> None:
    assert not demo(host, address)


def test_demo_wallets_need_the_setting(demo: Callable[..., bool], settings: Settings) -> None:
    settings.TPP_DEMO = False
    assert not demo()


def test_demo_wallets_need_a_database_made_by_the_seeder(demo: Callable[..., bool]) -> None:
    MetaProgramme.objects.update(made_by_demo=False)
    assert not demo()


def test_a_page_without_a_community_offers_no_demo_wallets(settings: Settings) -> None:
    settings.TPP_DEMO = True
    shown = Client().get("/", HTTP_HOST="127.0.0.1").content.decode()
    assert "being set up" in shown
    assert "demo-people" not in shown


def test_a_demo_wallet_is_an_ordinary_wallet_elsewhere() -> None:
    """Anybody can sign in with it, as with any key; it holds nothing."""
    make_community()
    assert checksum_address(DEMO) not in Client().get("/").content.decode()
