"""Many clients that vote over HTTP, note what they were told, and ask again where they were told nothing."""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException

from chain.signing import sign_digest
from tests.factories import EVEN, address, key_of, lines_of
from tests.torture.founding import name_of
from tests.torture.site import OpenCycle, Site
from votes.record.ballot import Ballot, Submission, ballot_digest

PATIENCE = 10.0  # seconds until a client gives an answer up


@dataclass
class Sent:
    """A signed ballot and every answer to it: a status, or 0 where there was none."""

    digest: bytes
    body: bytes
    answers: list[int] = field(default_factory=list)
    last: bytes = b""

    @property
    def is_told(self) -> bool:
        """Whether an answer has said if it is in."""
        return any(status == 201 or 400 <= status < 500 for status in self.answers)

    @property
    def is_in(self) -> bool:
        return 201 in self.answers


def ballots_for(cycle: OpenCycle, voters: Iterable[int], *, nonce: int = 1) -> list[Sent]:
    """A signed ballot of each of `voters`."""
    found = []
    for number in voters:
        name = name_of(number)
        ballot = Ballot(str(cycle.number), cycle.rules.hash, address(name), nonce, "Because.", lines_of(EVEN))
        digest = ballot_digest(ballot, cycle.rules.domain_separator)
        found.append(Sent(digest, Submission(ballot, sign_digest(key_of(name), digest)).body()))
    return found


class Client:
    """One client with a connection that it keeps."""

    def __init__(self, port: int, number: int) -> None:
        self.path = f"/api/v1/cycles/{number}/ballots/"
        self.port = port
        self.connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)

    def send(self, sent: Sent) -> int:
        """Send a ballot and note the answer; 0 where none came."""
        status = 0
        with suppress(OSError, HTTPException):
            self.connection.request("POST", self.path, sent.body, {"Content-Type": "application/json"})
            answer = self.connection.getresponse()
            sent.last = answer.read()
            status = answer.status
        if not status or answer.will_close:
            self.connection.close()
        sent.answers.append(status)
        return status


def send_all(site: Site, cycle: OpenCycle, ballots: Sequence[Sent], *, clients: int, over: float = 0) -> None:
    """Send `ballots` by that many clients at once, each once; spread evenly over so many seconds."""
    began = time.monotonic()

    def run(share: Sequence[tuple[int, Sent]]) -> None:
        client = Client(site.port, cycle.number)
        for place, sent in share:
            time.sleep(max(0.0, began + over * place / len(ballots) - time.monotonic()))
            client.send(sent)
        client.connection.close()

    numbered = list(enumerate(ballots))
    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(run, [numbered[first::clients] for first in range(clients)]))


class Background:
    """Sends ballots in threads of its own until it is told to stop."""

    def __init__(self, site: Site, cycle: OpenCycle, ballots: Sequence[Sent], *, clients: int) -> None:
        self.stop = threading.Event()
        self.site, self.cycle = site, cycle
        shares = [ballots[first::clients] for first in range(clients)]
        self.pool = ThreadPoolExecutor(clients)
        self.done = [self.pool.submit(self._run, share) for share in shares]

    def _run(self, share: Sequence[Sent]) -> None:
        client = Client(self.site.port, self.cycle.number)
        for sent in share:
            if self.stop.is_set():
                break
            if client.send(sent) == 0:
                time.sleep(0.05)
        client.connection.close()

    def join(self) -> None:
        self.stop.set()
        for each in self.done:
            each.result()
        self.pool.shutdown()


def check_answers(site: Site, cycle: OpenCycle, ballots: Sequence[Sent]) -> Counter[int]:
    """Every answer was true: 201 is in the certificate, 4xx is not, and silence ends by asking again.

    How often each status came the first time.
    """
    first = Counter(sent.answers[0] for sent in ballots if sent.answers)
    certified = site.certified(cycle)
    client = Client(site.port, cycle.number)
    for sent in ballots:
        if sent.answers:
            for _ in range(3):
                if client.send(sent):
                    break
            assert sent.is_told, sent.answers
            last = sent.answers[-1]
            assert (last == 201) == (sent.digest in certified), sent.answers
            assert sent.is_in == (sent.digest in certified), sent.answers
            if not sent.is_in:
                assert 400 <= last < 500, sent.answers
    client.connection.close()
    assert certified == {sent.digest for sent in ballots if sent.is_in}
    return first
