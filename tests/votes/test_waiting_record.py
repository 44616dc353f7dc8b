"""A contract wallet's ballot from the worker's hand to the record, and what a node says to that."""

import time
from typing import Any

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from django.conf import settings
from django.test import Client

from tests.evm import Chain
from tests.factories import UNIT, make_community, make_cycle
from tests.records import check, failed, file_of, names
from tests.waiting import approve, end_on_chain, for_wallet, judge, send
from tpp.celery import app
from votes.actions.closing import close_cycle, publish_result
from votes.actions.records import build_closed_record
from votes.models import Cycle, Verdict
from votes.record.verify import Options, Status
from votes.record.verify.node import Node
from votes.tasks import tick

pytestmark = [pytest.mark.node, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def wallet(evm: Chain) -> str:
    return evm.wallet(evm.accounts[:2], 2)


@pytest.fixture
def cycle(evm: Chain, wallet: str, settings: Any) -> Cycle:
    settings.TPP_RPC_URLS, settings.TPP_FINALITY = [evm.embedded.url], "2"
    return make_cycle(make_community({wallet: 50 * UNIT}, chain_id=31337))


def test_the_record_shows_the_block_and_its_verifier_asks_a_node_about_it(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    confirmed, missing = for_wallet(wallet, cycle), for_wallet(wallet, cycle, nonce=2)
    for submission in (confirmed, missing):
        send(client, cycle, submission)
    approve(evm, wallet, cycle, confirmed)
    assert judge(cycle) == 1
    end_on_chain(evm, cycle)
    assert judge(cycle) == 1
    assert close_cycle(cycle_id=cycle.pk, at=cycle.closes_at)
    assert publish_result(cycle_id=cycle.pk, at=cycle.closes_at)
    assert build_closed_record(cycle_id=cycle.pk, at=cycle.closes_at)
    data = file_of(cycle, "closed")
    asking = Options(workers=1, node=Node(evm.embedded.url))
    unasked, asked = check(data), check(data, asking)
    assert failed(asked) == failed(unasked) == []
    assert "contract_signatures" in names(unasked, Status.UNKNOWN)
    assert {"contract_signatures", "waiting"} <= set(names(asked, Status.PASSED))

    shown = Verdict.objects.get(outcome="accepted").block_number
    assert shown is not None
    evm.ask("anvil_reorg", evm.newest() - shown + 1, [])
    assert failed(check(data, asking)) == ["contract_signatures"]


def test_a_tick_and_a_worker_do_all_of_it_by_themselves(
    client: Client, evm: Chain, cycle: Cycle, wallet: str
) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as broker:
        broker.delete("quick", "long")
    submission = for_wallet(wallet, cycle)
    assert send(client, cycle, submission).status_code == 202
    approve(evm, wallet, cycle, submission)
    tick()
    with start_worker(app, pool="solo", queues="long", perform_ping_check=False):
        limit = time.monotonic() + 20
        while not Verdict.objects.exists() and time.monotonic() < limit:
            time.sleep(0.05)
    assert Verdict.objects.get().outcome == "accepted"
    assert send(client, cycle, submission).status_code == 201
