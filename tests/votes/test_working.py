"""A result worked out in sentences, whose every number is that of the ballots and of the trace."""

import ast
import random
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import pytest

from votes.tally import RULES, Bounds, Crossings, Levels, Outcome, Profile, profile, tally
from votes.views import working
from votes.views.working import Step, Terms, Working, differences, parameter_in_words, work_out
from votes.views.working.words import Number, Sentence, numbers, said

Ballots = Sequence[tuple[int, Sequence[int]]]  # power, and a percentage for each option
UNLIMITED = Bounds(0, 10_000)

# mechanisms.md 1.4
A: Ballots = [(3, (100, 0)), (2, (0, 100))]
B: Ballots = [(5, (70, 20, 10)), (3, (10, 80, 10)), (2, (0, 20, 80))]
C: Ballots = [(1, (80, *(20 if own == voter else 0 for own in range(4)))) for voter in range(4)]
D: Ballots = [(45, (0, 0, 100)), *[(5, (60, 40, 0))] * 5, *[(5, (50, 50, 0))] * 6]
E: Ballots = [(1, (50, 50, 0)), (1, (50, 0, 50)), (1, (0, 50, 50))]
EXAMPLES = {"A": A, "B": B, "C": C, "D": D, "E": E}


def counted(ballots: Ballots) -> Profile:
    lines = [
        (power, {option: 100 * part for option, part in enumerate(parts) if part}) for power, parts in ballots
    ]
    return profile(lines, len(ballots[0][1]))


def terms_of(options: int, bounds: Sequence[Bounds] = (), budget: int = 1000) -> Terms:
    names = [f"Option {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[:options]]
    return Terms(names, list(bounds) or [UNLIMITED] * options, budget, "1 unit")


def worked_out(
    ballots: Ballots, rule: str, bounds: Sequence[Bounds] = (), budget: int = 1000
) -> tuple[Working, Outcome]:
    histogram = counted(ballots)
    terms = terms_of(len(ballots[0][1]), bounds, budget)
    outcome = tally(rule, histogram, terms.bounds, budget)
    return work_out(histogram, outcome, terms, range(len(terms.names))), outcome


def words(sentences: Sequence[Sentence]) -> list[str]:
    return [said(sentence).replace("\u00a0", " ") for sentence in sentences]


def support(ballots: Ballots, option: int) -> set[Fraction]:
    """By brute force: every part of the power that gives the option some share or more, or more than it, or it."""
    power = sum(power for power, _ in ballots)
    lines = {parts[option] for _, parts in ballots} | {0}
    at_least = {sum(w for w, parts in ballots if parts[option] >= line) for line in lines}
    more = {sum(w for w, parts in ballots if parts[option] > line) for line in lines}
    just = {sum(w for w, parts in ballots if parts[option] == line) for line in lines}
    return {Fraction(part, power) for part in at_least | more | just}


def carried(rule: str, parameter: Fraction, part: Fraction) -> Fraction:
    """What support carries, written down from the table of mechanisms.md 1.1."""
    if rule == "ladder":
        return part - parameter
    if rule == "independent_markets":
        return part * parameter
    if parameter < Fraction(1, 2):
        return max(Fraction(0), 4 * parameter * (part - Fraction(1, 2)))
    if part < Fraction(1, 2):
        return part * (2 * parameter - 1)
    return part * (3 - 2 * parameter) - 2 + 2 * parameter


def facts(ballots: Ballots, outcome: Outcome, option: int) -> set[Fraction]:
    """Every number that the sentences about an option may hold."""
    lines = {Fraction(parts[option], 100) for _, parts in ballots}
    parts = support(ballots, option)
    known = lines | parts | {outcome.residual[option], outcome.shares[option]}
    match outcome.trace:
        case Crossings():
            assert outcome.parameter is not None
            known |= {outcome.parameter} | {carried(outcome.rule, outcome.parameter, part) for part in parts}
        case Levels():
            known |= {outcome.trace.level, Fraction(outcome.trace.threshold, outcome.trace.power)}
        case _:
            known |= {line * part for line in lines for part in parts}
    return known


def test_the_words_need_no_framework() -> None:
    for path in Path(str(working.__file__)).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            assert not [
                name for name in names if name.split(".")[0] in {"django", "rest_framework", "celery"}
            ]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_every_number_in_a_worked_example_is_one_of_the_ballots_or_the_trace(name: str, rule: str) -> None:
    done, outcome = worked_out(EXAMPLES[name], rule)
    for step in done.steps:
        stray = set().union(*map(numbers, step.sentences)) - facts(EXAMPLES[name], outcome, step.place)
        assert stray == set(), words(step.sentences)
        share = outcome.shares[step.place]
        assert step.share.value == share
        assert numbers(step.sentences[-1]) == ((share,) if share else ())


def test_the_ladder_reads_as_one_would_say_it() -> None:
    done, _ = worked_out(D, "ladder")
    assert words(done.opening)[1].endswith(
        "That would give all options together 135 %, but there is only 100 %. So every support is lowered by the same "
        "18.33 points (hundredths of the whole), called the deduction. With this, all shares together are exactly "
        "100 %."
    )
    assert words(done.steps[2].sentences) == [
        "45 % of the voting power gave 100 % to Option C. Less the deduction of 18.33 points, that carries 26.67 %: "
        "too little for 100 %, enough for 26.67 %.",
        "Every larger share up to 100 % has this same support, so it is not carried.",
        "So Option C gets 26.67 %.",
    ]
    c, _ = worked_out(C, "ladder")
    assert words(c.steps[0].sentences) == [
        "100 % of the voting power gave 80 % to Option A. Less the deduction of 20 points, that carries 80 %: enough "
        "for 80 %.",
        "No ballot gave it more.",
        "So Option A gets 80 %.",
    ]


def test_the_mean_reads_as_one_would_say_it() -> None:
    done, _ = worked_out(B, "mean")
    assert words(done.steps[0].sentences) == [
        "50 % of the voting power gave 70 % to Option A, which adds 35 points.",
        "30 % gave it 10 %, which adds 3 points.",
        "20 % gave it nothing and adds nothing.",
        "So Option A gets 38 %.",
    ]


def test_median_phantoms_read_as_one_would_say_them() -> None:
    done, _ = worked_out(D, "median_phantoms")
    assert words(done.opening)[1:] == [
        "An option gets the largest share that enough of the voting power supports. How much is enough is the same for "
        "every option: 45 % of it, called the bar.",
        "The bar stands as high as it can: if any more were needed, all options together would get 90 %, less than "
        "there is.",
        "At the bar they would get 190 %, and there is only 100 %. So a share that the bar supports, but no more than "
        "the bar, is cut down to one level for all options, 10 %. With this, all shares together are exactly 100 %.",
    ]
    assert words(done.steps[2].sentences) == [
        "45 % of the voting power, exactly the bar, gave 100 % to Option C.",
        "No share of it has more than the bar behind it.",
        "The level cuts that down to 10 %.",
        "So Option C gets 10 %.",
    ]


def test_the_other_two_rules_say_what_support_carries() -> None:
    markets, outcome = worked_out(C, "independent_markets")
    assert words(markets.steps[0].sentences)[0] == (
        "100 % of the voting power gave 80 % to Option A. Times 0.5, that carries 50 %: too little for 80 %, enough "
        "for 50 %."
    )
    assert words([parameter_in_words(outcome)]) == [
        "Here every support is multiplied by the same factor, 0.5, so that half of the voting power carries 25 %."
    ]
    _, uniform = worked_out(E, "piecewise_uniform")
    assert words([parameter_in_words(uniform)]) == [
        "Here every support is read on the same scale: the first half of the voting power carries nothing, and beyond "
        "half, every 10 % carry 20 %."
    ]


def test_agreement_needs_nothing_taken_off_and_an_option_without_support_says_so() -> None:
    done, outcome = worked_out([(1, (60, 40, 0)), (2, (60, 40, 0))], "ladder")
    assert outcome.parameter == Fraction(2, 5)
    assert "which fits exactly. The sum stays the same if every support is lowered" in words(done.opening)[1]
    assert words(done.steps[2].sentences) == [
        "No ballot gave anything to Option C.",
        "So Option C gets nothing.",
    ]
    plain, _ = worked_out(B, "ladder")
    assert words(plain.opening)[1].endswith("fits exactly. Nothing has to be taken off: the deduction is 0.")


def test_what_the_deduction_takes_wholly_is_said() -> None:
    ballots = [(98, (50, 50, 0)), (2, (50, 0, 50))]
    done, outcome = worked_out(ballots, "ladder")
    assert outcome.shares[2] == 0
    assert words(done.steps[2].sentences)[0].startswith(
        "2 % of the voting power gave anything at all to Option C. "
    )
    assert words(done.steps[2].sentences)[0].endswith(" takes all of that away.")


def test_floors_are_taken_off_and_given_back_in_words() -> None:
    bounds = [Bounds(1_000, 9_000), Bounds(500, 10_000), UNLIMITED]
    done, outcome = worked_out(B, "ladder", bounds)
    assert words(done.floors)[0] == (
        "A floor is what an option gets whatever the ballots say: Option A 10 % and Option B 5 %. That is 15 % of the "
        "budget, and the ballots split the other 85 %. In the next step 100 % means this rest."
    )
    assert "A cap is the most" in words(done.floors)[1]
    assert words(done.steps[0].sentences)[-1] == (
        "So Option A gets 50 % of the 85 % that the floors leave, which is 42.5 % of the budget, and on top its floor "
        "of 10 %: 52.5 % in all."
    )
    assert outcome.shares[0] == Fraction(21, 40) == done.steps[0].share.value
    nothing, _ = worked_out([(1, (0, 100))], "mean", [Bounds(1_000, 10_000), UNLIMITED])
    assert words(nothing.steps[0].sentences)[-1] == "So Option A gets its floor alone, 10 % of the budget."


def test_the_units_left_over_are_accounted_for() -> None:
    done, outcome = worked_out(E, "mean", budget=1001)
    assert outcome.amounts == (334, 334, 333)
    assert done.payout is not None
    assert words(done.payout.sentences)[1:] == [
        "That leaves 2 units over, which go, one each, to the options that lost most by this: Option A (0.6667 of a "
        "unit) and Option B (0.6667 of a unit).",
        "Option C lost just as much; between equals, the order of the ballot decides.",
    ]
    assert [(row.whole, row.cut.value, row.is_raised, row.amount) for row in done.payout.rows] == [
        (333, Fraction(2, 3), True, 334),
        (333, Fraction(2, 3), True, 334),
        (333, Fraction(2, 3), False, 333),
    ]
    even, _ = worked_out(A, "mean", budget=10)
    assert even.payout is not None
    assert words(even.payout.sentences)[1] == "Every share comes out in whole units, so nothing is left over."
    unpaid, _ = worked_out(A, "mean", budget=0)
    assert unpaid.payout is None


def a_random_contest(chance: random.Random) -> tuple[Ballots, str]:
    options = chance.choice((2, 3, 3, 4, 7, 12))
    ballots = []
    for _ in range(chance.choice((1, 2, 3, 6, 25))):
        cuts = sorted(
            chance.choice((0, 5, 20, 33, 50, 80, 100, chance.randrange(101))) for _ in range(options - 1)
        )
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
        chance.shuffle(parts)
        ballots.append((chance.choice((1, 1, 2, 5, 40, 10**24 + 1)), parts))
    return ballots, chance.choice(list(RULES))


def check_verdicts(step: Step) -> None:
    """No sentence and no row of a table contradicts what its numbers say, or how they read."""
    for sentence in step.sentences:
        for place, part in enumerate(sentence):
            if part in (": too little for ", ": too little for more than "):
                less, limit = sentence[place - 1], sentence[place + 1]
                assert isinstance(less, Number)
                assert isinstance(limit, Number)
                assert less.value <= limit.value
                assert less.text != limit.text or less.value == limit.value
    for row in step.table.rows:
        if len(row.cells) == 4 and row.cells[1]:
            line, behind, reach = (numbers(cell)[0] for cell in row.cells[:3])
            verdict = "no" if reach < line else "exactly" if reach == line else "yes"
            assert said(row.cells[3]) == verdict
            assert 0 <= behind <= 1


def test_whatever_the_ballots_are_the_words_are_true() -> None:
    chance = random.Random(11)
    for _ in range(600):
        ballots, rule = a_random_contest(chance)
        done, outcome = worked_out(ballots, rule, budget=chance.choice((1, 999, 10**27)))
        for step in done.steps:
            about = set().union(*map(numbers, step.sentences))
            if rule != "mean":
                assert about <= facts(ballots, outcome, step.place), (ballots, rule, words(step.sentences))
            assert numbers(step.sentences[-1]) in ((), (outcome.shares[step.place],))
            check_verdicts(step)
            assert sum(row.is_decisive for row in step.table.rows) == (
                rule == "mean" or outcome.shares[step.place] > 0
            )
            assert re.fullmatch(r"M0 \d+(h\d+v\d+)*H0Z", step.picture.steps), step.picture.steps
            across = sum(int(run) for run in re.findall(r"h(\d+)", step.picture.steps))
            assert 0 <= step.picture.share <= 270
            assert across <= 270


def numbers_of_the_trace(ballots: Ballots, outcome: Outcome, place: int) -> list[Fraction]:
    """What the sentences about an option hold under a rule with a hurdle, in order, without the last of them."""
    assert isinstance(outcome.trace, Crossings)
    assert outcome.parameter is not None
    crossing, whole = outcome.trace.options[place], outcome.trace.power
    at_least, above = Fraction(crossing.power_at_least, whole), Fraction(crossing.power_above, whole)
    neutral = {"ladder": 0, "independent_markets": 1, "piecewise_uniform": outcome.parameter}[outcome.rule]
    how = [] if outcome.parameter == neutral else [outcome.parameter]
    share = crossing.share
    if not share:
        return [above, *how] if above else []
    if at_least == above:
        line = min(Fraction(parts[place], 100) for _, parts in ballots if Fraction(parts[place], 100) > share)
        return [above, line, *how, share, line, share, line]
    reached = [at_least, share, *how, crossing.reach_at_least, share]
    if not above:
        return reached
    return reached + [above, share, *how] + ([crossing.reach_above, share] if crossing.reach_above else [])


def test_under_a_hurdle_the_numbers_are_those_of_the_trace_in_their_order() -> None:
    chance, seen = random.Random(3), 0
    while seen < 300:
        ballots, rule = a_random_contest(chance)
        done, outcome = worked_out(ballots, rule)
        if isinstance(outcome.trace, Crossings):
            seen += 1
            for step in done.steps:
                told = [number for sentence in step.sentences[:-1] for number in numbers(sentence)]
                assert told == numbers_of_the_trace(ballots, outcome, step.place), words(step.sentences)


def test_the_parts_of_an_average_add_up() -> None:
    chance = random.Random(5)
    ballots = [(chance.randrange(1, 99), (x := chance.randrange(101), 100 - x)) for _ in range(60)]
    done, outcome = worked_out(ballots, "mean")
    for step in done.steps:
        adds = [numbers(row.cells[2])[0] for row in step.table.rows]
        assert sum(adds[:-1]) == adds[-1] == outcome.shares[step.place]
        assert sum(numbers(row.cells[1])[0] for row in step.table.rows[:-1]) == 1
        told = [part for sentence in step.sentences for part in sentence if isinstance(part, Number)]
        assert sum(part.value for part in told if "point" in part.text) == outcome.shares[step.place]


def test_how_far_two_splits_are_apart() -> None:
    apart = differences([Fraction(3, 4), Fraction(1, 4)], [Fraction(1, 2), Fraction(1, 2)])
    assert (apart.value, apart.text) == (Fraction(1, 2), "50\u00a0points")
