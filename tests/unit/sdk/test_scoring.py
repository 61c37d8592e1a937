"""The scoring rules, by example and by law."""

import math
import random

import pytest
from edgewise import scoring
from edgewise.scoring import Rule
from hypothesis import given, settings
from hypothesis import strategies as st

EDGES = ("a", "b", "c")
RULES = [Rule.WEIGHTED_SUM, Rule.TCHEBYCHEFF, Rule.NASH]
score = st.integers(0, 1_000_000).map(lambda n: n / 1_000_000)
vector = st.tuples(score, score, score)
vectors = st.lists(vector, min_size=1, max_size=6)
weights = st.tuples(*[st.integers(0, 100)] * 3).filter(any)


def options(rows: list[tuple[float, ...]]) -> list[dict]:
    return [{"id": f"o{n}", "edges": dict(zip(EDGES, row, strict=True))} for n, row in enumerate(rows)]


def normal(parts: tuple[int, ...]) -> dict[str, float]:
    return {edge: part / sum(parts) for edge, part in zip(EDGES, parts, strict=True)}


def test_each_rule_picks_its_own_winner() -> None:
    rows = options([(1.0, 0.1, 1.0), (0.6, 0.6, 0.6), (0.9, 0.0, 1.0)])
    even = {"a": 1 / 3, "b": 1 / 3, "c": 1 / 3}
    assert scoring.choose(rows, {"weights": even}).option_id == "o0"
    assert scoring.choose(rows, {"weights": even, "rule": "tchebycheff"}).option_id == "o1"
    assert scoring.choose(rows, {"weights": even, "rule": "nash"}).option_id == "o1"
    tiers = [{"edges": ["b"], "tolerance": 0.5}, {"edges": ["a", "c"]}]
    assert scoring.choose(rows, {"weights": even, "rule": "lexicographic", "tiers": tiers}).option_id == "o0"


def test_utilities_are_those_of_the_definitions() -> None:
    (option,), w = options([(0.5, 0.0, 1.0)]), {"a": 0.5, "b": 0.25, "c": 0.25}
    assert scoring.utility(option["edges"], w) == 0.5
    assert scoring.utility(option["edges"], w, "tchebycheff") == pytest.approx(-0.25 + 0.0005, abs=1e-15)
    nash = 0.5 * math.log(0.5) + 0.25 * math.log(1e-6)
    assert scoring.utility(option["edges"], w, "nash") == pytest.approx(nash, abs=1e-15)


def test_a_hard_norm_excludes_first_and_no_feasible_option_means_no_choice() -> None:
    rows = options([(0.9, 0.9, 0.2), (0.1, 0.1, 0.5)])
    policy = {"weights": normal((1, 1, 1)), "norms": [{"edge": "c", "minimum": 0.5}]}
    choice = scoring.choose(rows, policy)
    assert (choice.option_id, choice.feasible) == ("o1", ("o1",))
    choice = scoring.choose(rows, policy | {"norms": [{"edge": "c", "minimum": 0.6}]})
    assert (choice.option_id, choice.feasible, choice.tie) == (None, (), False)


def test_a_norm_with_a_margin_needs_a_stated_deviation() -> None:
    (row,) = options([(0.9, 0.9, 0.9)])
    norm = {"edge": "a", "minimum": "0.7", "z": 1.0}
    assert scoring.feasible([row], [norm]) == ()
    assert scoring.feasible([row | {"uncertainty": {"a": 0.1}}], [norm]) == ("o0",)
    assert scoring.feasible([row | {"uncertainty": {"a": 0.25}}], [norm]) == ()


def test_ties_go_to_the_option_listed_first_and_are_marked() -> None:
    choice = scoring.choose(
        options([(0.2, 0.4, 0.6), (0.6, 0.4, 0.2), (0, 0, 0)]), {"weights": normal((1, 1, 1))}
    )
    assert (choice.option_id, choice.tie) == ("o0", True)


def test_a_missing_score_is_never_made_up() -> None:
    rows = options([(1.0, 1.0, 1.0), (0.1, 0.1, 0.1)])
    rows[0]["edges"]["b"] = None
    for policy in ({"weights": normal((1, 0, 0))}, {"weights": normal((1, 1, 1)), "rule": "nash"}):
        choice = scoring.choose(rows, policy)
        assert choice.option_id == "o1"
        assert choice.utilities["o0"] is None


def test_a_tier_without_weight_is_skipped_and_the_last_tier_has_no_tolerance() -> None:
    rows = options([(0.5, 0.9, 0.50), (0.4, 0.1, 0.52)])
    tiers = [{"edges": ["b"]}, {"edges": ["a"], "tolerance": 0.2}, {"edges": ["c"], "tolerance": 0.9}]
    policy = {"weights": {"a": 0.5, "b": 0.0, "c": 0.5}, "rule": "lexicographic", "tiers": tiers}
    assert scoring.choose(rows, policy).option_id == "o1"


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="dictator"):
        scoring.choose(options([(1, 1, 1)]), {"weights": normal((1, 1, 1)), "rule": "dictator"})


@given(vectors, weights, st.sampled_from(RULES))
@settings(deadline=None)
def test_the_choice_is_a_feasible_option_that_none_exceeds(rows: list, parts: tuple, rule: Rule) -> None:
    choice = scoring.choose(options(rows), {"weights": normal(parts), "rule": rule})
    best = max(value for value in choice.utilities.values() if value is not None)
    assert choice.utilities[choice.option_id] >= best - scoring.TIE


@given(vectors, weights, st.sampled_from(RULES), st.randoms())
@settings(deadline=None)
def test_a_unique_best_does_not_depend_on_order(
    rows: list, parts: tuple, rule: Rule, chance: random.Random
) -> None:
    listed = options(rows)
    shuffled = chance.sample(listed, len(listed))
    policy = {"weights": normal(parts), "rule": rule}
    first, second = scoring.choose(listed, policy), scoring.choose(shuffled, policy)
    assert first.tie == second.tie
    if not first.tie:
        assert first.option_id == second.option_id


@given(vectors, vector, weights, st.sampled_from([*RULES, Rule.LEXICOGRAPHIC]))
@settings(deadline=None)
def test_a_dominated_option_never_wins_strictly(rows: list, floor: tuple, parts: tuple, rule: Rule) -> None:
    better = [tuple(max(a, b) for a, b in zip(rows[0], floor, strict=True)), *rows[1:]]
    tiers = [{"edges": [edge]} for edge in EDGES]
    policy = {"weights": normal(parts), "rule": rule, "tiers": tiers}
    choice = scoring.choose(
        [*options(better), {"id": "low", "edges": dict(zip(EDGES, floor, strict=True))}], policy
    )
    assert choice.option_id != "low"


@given(vectors, weights)
@settings(deadline=None)
def test_one_tier_of_all_edges_is_the_weighted_sum(rows: list, parts: tuple) -> None:
    policy = {"weights": normal(parts), "rule": "lexicographic", "tiers": [{"edges": list(EDGES)}]}
    one, other = (
        scoring.choose(options(rows), policy),
        scoring.choose(options(rows), {"weights": normal(parts)}),
    )
    assert one.utilities == other.utilities
    assert one.option_id == other.option_id or one.utilities[one.option_id] == pytest.approx(
        other.utilities[other.option_id], abs=1e-8
    )
