"""The other delegates of the demo: they vote over HTTP while a cycle is open, each at a moment of their own."""

import random
import sys
import time
import urllib.error
from datetime import UTC, datetime

from tpp.demo.client import Api
from tpp.demo.content import Delegate, community
from tpp.demo.voting import fill_in, takes_part
from votes.record.rules import Rules

PAUSE = 3.0  # seconds between two looks


def run(base_url: str) -> None:
    """Vote for whoever is due, until stopped. Whoever has voted already, by any hand, is left alone."""
    api = Api(base_url)
    while True:
        try:
            _look(api)
        except (OSError, urllib.error.HTTPError) as error:
            print(f"not now: {error}", file=sys.stderr)  # noqa: T201 (its log)
        time.sleep(PAUSE)


def _look(api: Api) -> None:
    number = api.open_cycle()
    if number is None:
        return
    rules = api.rules(number)
    people = community()
    passed = (datetime.now(UTC) - rules.instants.opens_at) / (
        rules.instants.closes_at - rules.instants.opens_at
    )
    for delegate in people.delegates:
        chance = random.Random(f"{number} {delegate.label}")  # noqa: S311 (each keeps to a moment)
        votes = takes_part(delegate, people.open_story, chance)
        moment = chance.uniform(0.85, 0.97) if delegate.late else chance.uniform(0.03, 0.9)
        if votes and moment <= passed and api.newest_nonce(number, delegate.address) is None:
            _vote(api, number, delegate, rules, chance)


def _vote(api: Api, number: int, delegate: Delegate, rules: Rules, chance: random.Random) -> None:
    story = community().open_story
    submission = fill_in(delegate=delegate, story=story, rules=rules, nonce=1, chance=chance)
    status, answer = api.send(number, submission.body())
    print(f"cycle {number}: {delegate.name}: {status} {answer.get('refusal', '')}", flush=True)  # noqa: T201


if __name__ == "__main__":
    run(sys.argv[1])
