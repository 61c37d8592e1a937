"""How points become weights: the fixtures of the design, real profiles, and the laws."""

import csv
import random
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from councils.voting import aggregation
from councils.voting.aggregation import Block, profile

D3CODE = Path(__file__).parents[4] / "shared" / "data" / "d3code" / "d3-raters.csv"
EDGES = 4


def tally(rule, rows, *, total=1):
    """The result of ``rule`` on one constituency, as Fractions."""
    rows = [[Fraction(points) for points in row] for row in rows]
    return aggregation.RULES[rule](profile([Block(1, rows)], edges=len(rows[0]), total=total))


def fractions(*texts):
    return [Fraction(text) for text in texts]


FOUR = [("3/5", "3/10", "1/10"), ("1/2", "1/5", "3/10"), ("1/10", "1/10", "4/5"), ("7/10", "1/5", "1/10")]
FIVE = [
    ("2/5", "3/10", "1/5", "1/10"),
    ("1/10", "1/5", "3/10", "2/5"),
    ("1/2", "1/2", 0, 0),
    ("1/4", "1/4", "1/4", "1/4"),
    ("7/10", "1/10", "1/10", "1/10"),
]
SINGLE_MINDED = [(1, 0, 0)] * 6 + [(0, 1, 0)] * 3 + [(0, 0, 1)]


@pytest.mark.parametrize(
    ("rule", "rows", "expected"),
    [
        ("independent_markets", FOUR, ("1/2", "1/5", "3/10")),
        ("utilitarian", FOUR, ("1/2", "1/5", "3/10")),
        ("independent_markets", SINGLE_MINDED, ("3/5", "3/10", "1/10")),
        ("utilitarian", SINGLE_MINDED, (1, 0, 0)),
        ("independent_markets", FIVE, ("9/28", "1/4", "3/14", "3/14")),
        ("utilitarian", FIVE, ("2/5", "1/4", "1/5", "3/20")),
        ("mean", FIVE, ("39/100", "27/100", "17/100", "17/100")),
        ("median", FIVE, ("2/5", "1/4", "1/5", "1/10")),
    ],
)
def test_fixtures_are_exact(rule, rows, expected):
    assert tally(rule, rows) == fractions(*expected)


def test_the_proportional_tally_may_leave_the_range_of_the_ballots():
    """Everyone gives edge 1 forty points; it gets a third. The results page says so."""
    rows = [(40, 30, 30, 0), (40, 0, 30, 30), (40, 30, 0, 30)]
    assert tally("independent_markets", rows, total=100)[0] == Fraction(1, 3)


def test_an_even_number_of_ballots_has_the_middle_of_two_medians():
    assert tally("median", [(20, 80), (40, 60)], total=100) == fractions("3/10", "7/10")


@pytest.mark.skipif(not D3CODE.exists(), reason="needs the D3CODE profiles in ../shared/data/d3code")
def test_real_profiles_of_4309_people():
    """Moral-foundation scores of real raters, in sixths; reference figures of the data set's notes."""
    with D3CODE.open() as file:
        rows = list(csv.DictReader(file))
    names = ("care", "equality", "proportionality", "authority", "loyalty", "purity")
    sixths = [[round(float(row[name]) * 6) for name in names] for row in rows]
    block = Block(1, [[Fraction(score, sum(scores)) for score in scores] for scores in sixths])
    votes = profile([block], edges=6, total=1)
    assert len(rows) == 4309
    expected = {
        "independent_markets": [0.1852, 0.1462, 0.1795, 0.1742, 0.1689, 0.1461],
        "utilitarian": [0.1898, 0.1399, 0.1833, 0.1764, 0.1698, 0.1408],
        "mean": [0.1951, 0.1383, 0.1878, 0.1745, 0.1668, 0.1375],
    }
    for rule, figures in expected.items():
        assert [round(float(x), 4) for x in aggregation.RULES[rule](votes)] == figures


def naive_independent_markets(rows, total):
    """The definition: phantoms min(t(n−k), 1), medians, t by bisection. Unweighted, in floats."""
    n, edges = len(rows), len(rows[0])

    def medians(t):
        phantoms = [min(t * (n - k), 1.0) for k in range(n + 1)]
        return [sorted([row[j] / total for row in rows] + phantoms)[n] for j in range(edges)]

    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(medians(middle)) < 1 else (low, middle)
    return medians(high)


def naive_utilitarian(rows, total):
    """The definition: phantoms clip(t(n+1) − k, 0, 1)."""
    n, edges = len(rows), len(rows[0])

    def medians(t):
        phantoms = [min(max(t * (n + 1) - k, 0.0), 1.0) for k in range(n + 1)]
        return [sorted([row[j] / total for row in rows] + phantoms)[n] for j in range(edges)]

    low, high = 0.0, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(medians(middle)) < 1 else (low, middle)
    return medians(high)


@st.composite
def ballots(draw, *, least=1):
    """Rows of ``EDGES`` whole points that add up to 100."""

    def row():
        cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=EDGES - 1, max_size=EDGES - 1)))
        return [b - a for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]

    return [row() for _ in range(draw(st.integers(least, 8)))]


@given(ballots())
def test_the_count_agrees_with_the_definition_by_phantoms(rows):
    votes = profile([Block(1, rows)], edges=EDGES, total=100)
    definition = naive_independent_markets(rows, 100)
    assert [float(x) for x in aggregation.independent_markets(votes)] == pytest.approx(definition, abs=1e-9)
    definition = naive_utilitarian(rows, 100)
    assert [float(x) for x in aggregation.utilitarian(votes)] == pytest.approx(definition, abs=1e-9)


@given(ballots(), st.randoms())
def test_the_order_of_ballots_does_not_matter(rows, chance):
    shuffled = rows[:]
    chance.shuffle(shuffled)
    for rule in aggregation.RULES:
        assert tally(rule, rows, total=100) == tally(rule, shuffled, total=100)


@given(ballots(), st.integers(2, 5))
def test_counting_every_ballot_several_times_changes_nothing(rows, times):
    for rule in aggregation.RULES:
        assert tally(rule, rows, total=100) == tally(rule, rows * times, total=100)


@given(ballots())
def test_weights_sum_to_1_and_none_is_negative(rows):
    for rule in ("independent_markets", "utilitarian", "mean"):
        weights = tally(rule, rows, total=100)
        assert sum(weights) == 1
        assert min(weights) >= 0
        assert sum(aggregation.largest_remainder(weights)) == 1


@given(ballots())
def test_an_edge_nobody_wants_gets_nothing(rows):
    unwanted = [[0, *row] for row in rows]
    for rule in aggregation.RULES:
        assert tally(rule, unwanted, total=100)[0] == 0


@given(ballots(least=2), ballots())
@settings(max_examples=200)
def test_a_false_ballot_brings_the_result_no_nearer(rows, lies):
    """Truthful under the L1 distance: the first voter tries every lie drawn, and gains by none."""
    honest = rows[0]
    for rule in ("independent_markets", "utilitarian"):
        before = distance(tally(rule, rows, total=100), honest)
        for lie in lies:
            assert distance(tally(rule, [lie, *rows[1:]], total=100), honest) >= before


def distance(weights, points):
    return sum(abs(weight - Fraction(p, 100)) for weight, p in zip(weights, points, strict=True))


@given(ballots(), ballots(), st.integers(1, 9), st.integers(1, 9))
def test_a_constituency_counts_by_its_seats_however_many_of_it_vote(first, second, seats, others):
    """Casting every ballot of one constituency twice leaves the result as it is."""
    once = profile([Block(seats, first), Block(others, second)], edges=EDGES, total=100)
    twice = profile([Block(seats, first * 2), Block(others, second)], edges=EDGES, total=100)
    for rule in aggregation.RULES.values():
        assert rule(once) == rule(twice)


@given(ballots())
def test_a_constituency_without_ballots_lapses(rows):
    alone = profile([Block(3, rows)], edges=EDGES, total=100)
    beside = profile([Block(3, rows), Block(5, [])], edges=EDGES, total=100)
    for rule in aggregation.RULES.values():
        assert rule(alone) == rule(beside)


def test_without_ballots_there_is_no_result():
    """None stands for the status quo."""
    for blocks in ([], [Block(3, [])]):
        votes = profile(blocks, edges=3, total=100)
        assert all(rule(votes) is None for rule in aggregation.RULES.values())


def test_floors_are_set_aside_before_the_vote():
    shares = fractions("1/2", "1/2", 0)
    assert aggregation.above_floors(shares, [30, 0, 10]) == fractions("3/5", "3/10", "1/10")


def test_the_largest_remainders_are_rounded_up():
    assert aggregation.largest_remainder(fractions("1/3", "1/3", "1/3"), steps=100) == fractions(
        "34/100", "33/100", "33/100"
    )
    with pytest.raises(ValueError, match="sum to 1"):
        aggregation.largest_remainder(fractions("1/3", "1/3"))


def test_a_hundred_thousand_ballots_are_counted_exactly():
    """Correct at size; the time is measured by `make bench`."""
    chance = random.Random(7)
    rows = [[chance.randint(0, 5) for _ in range(19)] for _ in range(20_000)]
    rows = [[*row, 100 - sum(row)] for row in rows]
    weights = aggregation.independent_markets(
        profile([Block(3, rows), Block(2, rows[:777])], edges=20, total=100)
    )
    assert sum(weights) == 1
