"""How the demo's delegates fill in a ballot: the cycle's mood, their taste, round numbers."""

import random

from chain.signing import demo_key, sign_digest
from tpp.demo.content import Delegate, Story
from votes.record.ballot import Ballot, Line, Submission, ballot_digest
from votes.record.rules import ContestRules, Rules
from votes.tally import largest_line

STEP = 250  # basis points; people give round shares
SKIPS = 6  # percent of contests that a voter leaves out


def takes_part(delegate: Delegate, story: Story, chance: random.Random) -> bool:
    """Whether the delegate votes in this cycle; whoever is quoted did."""
    return delegate.label in story.reasons or chance.randrange(100) < delegate.turnout + story.turnout_shift


def fill_in(
    *, delegate: Delegate, story: Story, rules: Rules, nonce: int, chance: random.Random
) -> Submission:
    """The delegate's signed ballot."""
    lines: list[Line] = []
    for contest in rules.contests:
        if chance.randrange(100) >= SKIPS or len(rules.contests) == 1:
            lines += _split(contest, delegate, story, chance)
    speaks = delegate.label in story.reasons
    ballot = Ballot(
        cycle=str(rules.cycle),
        rules=rules.hash,
        voter=delegate.address,
        nonce=nonce,
        reason=story.reasons[delegate.label] if speaks else "",
        lines=tuple(lines),
    )
    return sign(delegate.label, ballot, rules)


def sign(label: str, ballot: Ballot, rules: Rules) -> Submission:
    """`ballot` with the signature of the demo wallet `label`."""
    return Submission(ballot, sign_digest(demo_key(label), ballot_digest(ballot, rules.domain_separator)))


def _split(contest: ContestRules, delegate: Delegate, story: Story, chance: random.Random) -> list[Line]:
    """Shares of what remains after the floors, in whole steps, within the caps."""
    most = [largest_line(place, contest.bounds) // STEP * STEP for place in range(len(contest.options))]
    liking = [
        max(
            0,
            story.mood[f"{contest.programme}/{option.typology}"] * 100 - option.floor,
        )
        * delegate.taste.get(f"{contest.programme}/{option.typology}", 100)
        * chance.randint(70, 130)
        for option in contest.options
    ]
    shares = [0] * len(most)
    for _ in range(10_000 // STEP):
        # give the next step to the option that is furthest behind its liking and not at its cap
        open_places = [place for place in range(len(most)) if shares[place] < most[place]]
        place = max(open_places, key=lambda p: liking[p] / (shares[p] + STEP / 2))
        shares[place] += STEP
    return [
        Line(contest.programme, option.typology, share)
        for option, share in zip(contest.options, shares, strict=True)
        if share
    ]
