"""The vectorised form agrees with the reference, one decision at a time."""

import uuid

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import norm

from audits.decisions import attribution, columns, draws
from audits.decisions.columns import Columns, Norm, Terms
from tests.unit.audits.decisions import strategies
from tests.unit.audits.decisions.strategies import EDGES


def arrays(rows, chosen):
    """Columns of several decisions given as options."""
    width = max(len(options) for options in rows)
    scores = np.full((len(rows), width, len(EDGES)), np.nan)
    sd, present = scores.copy(), np.zeros((len(rows), width), bool)
    for n, options in enumerate(rows):
        present[n, : len(options)] = True
        for o, option in enumerate(options):
            scores[n, o] = [
                np.nan if option["edges"][edge] is None else option["edges"][edge] for edge in EDGES
            ]
            sd[n, o] = [option["uncertainty"].get(edge, np.nan) for edge in EDGES]
    return Columns(scores, sd, present, np.array(chosen))


def terms(policy):
    return Terms(
        np.array([policy.weights[edge] for edge in EDGES]),
        str(policy.rule),
        tuple(Norm(EDGES.index(n["edge"]), n["minimum"], n["z"]) for n in policy.norms),
        tuple((tuple(EDGES.index(e) for e in t["edges"]), t["tolerance"]) for t in policy.tiers),
    )


many = st.lists(strategies.options(least=1), min_size=1, max_size=6)


@given(many, strategies.policies())
def test_winners_are_those_of_the_reference(rows, policy):
    found = arrays(rows, [0] * len(rows))
    eligible = columns.feasible(found, terms(policy).norms)
    picks = columns.winners(found, terms(policy), eligible)
    for options, ok, pick in zip(rows, eligible, picks, strict=True):
        choice = policy.choose(options)
        assert (
            tuple(option["id"] for option, fine in zip(options, ok, strict=False) if fine) == choice.feasible
        )
        assert (options[pick]["id"] if pick >= 0 else None) == choice.option_id


@given(many, strategies.policies(rule=st.sampled_from(["weighted_sum", "nash"])))
def test_attribution_is_that_of_the_reference(rows, policy):
    chosen = [len(options) - 1 for options in rows]
    found = columns.attribute(arrays(rows, chosen), terms(policy))
    for n, (options, pick) in enumerate(zip(rows, chosen, strict=True)):
        one = attribution.attribute(options, options[pick]["id"], policy)
        assert (options[found.runner[n]]["id"] if found.runner[n] >= 0 else None) == one.runner_up
        if one.margin is None:
            assert np.isnan(found.margin[n])
            assert not found.driving[n].any()
        else:
            assert found.margin[n] == pytest.approx(one.margin, abs=1e-12)
            assert found.contributions[n] == pytest.approx(list(one.contributions.values()), abs=1e-12)
            assert tuple(e for e, d in zip(EDGES, found.driving[n], strict=True) if d) == one.driving


def test_personal_weights_apply_decision_by_decision():
    rows = [
        [
            {"id": "x", "edges": dict.fromkeys(EDGES, 0.5) | {"a": 1.0}, "uncertainty": {}},
            {"id": "y", "edges": dict.fromkeys(EDGES, 0.5) | {"b": 1.0}, "uncertainty": {}},
        ]
    ] * 2
    own = Terms(np.array([[1.0, 0, 0, 0], [0, 1.0, 0, 0]]))
    found = arrays(rows, [0, 0])
    assert list(columns.winners(found, own, found.present)) == [0, 1]


@settings(max_examples=40, deadline=None)
@given(strategies.options(), strategies.policies(rule=st.just("weighted_sum")), st.integers(0, 2**32))
def test_confidence_agrees_with_a_simulation(options, policy, seed):
    chosen = policy.choose(options).option_id
    assume(chosen is not None)
    at = [option["id"] for option in options].index(chosen)
    found, t = arrays([options], [at]), terms(policy)
    eligible = columns.feasible(found, t.norms)
    stated = columns.confidence(found, t, eligible)[0]
    rng, n = np.random.default_rng(seed), 40_000
    totals = (found.scores[0] + found.sd[0] * rng.standard_normal((n, *found.scores[0].shape))) @ t.weights
    totals = np.where(eligible[0], totals, -np.inf)
    best = totals >= totals.max(axis=1, keepdims=True) - 1e-9
    simulated = (best[:, at] / best.sum(axis=1)).mean()
    assert stated == pytest.approx(simulated, abs=5 * np.sqrt(0.25 / n))


@settings(deadline=None)
@given(strategies.options(least=3), strategies.policies(rule=st.just("weighted_sum"), norms=st.just([])))
def test_confidence_is_the_trapezoid_of_801_points(options, policy):
    """As the design states it, wherever the fewer points suffice."""
    found, t = arrays([options], [0]), terms(policy)
    variance = (found.sd[0] ** 2) @ (t.weights**2)
    assume((variance > 1e-9).all())
    totals, z = found.scores[0] @ t.weights, np.linspace(-8, 8, 801)
    inside = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    for rival in range(1, len(options)):
        inside *= ndtr((totals[0] + np.sqrt(variance[0]) * z - totals[rival]) / np.sqrt(variance[rival]))
    stated = columns.confidence(found, t, found.present)[0]
    assert stated == pytest.approx(np.trapezoid(inside, z), abs=1e-9)


def test_confidence_of_two_options_is_the_closed_form():
    options = [
        {"id": "x", "edges": dict.fromkeys(EDGES, 0.6), "uncertainty": dict.fromkeys(EDGES, 0.1)},
        {"id": "y", "edges": dict.fromkeys(EDGES, 0.5), "uncertainty": dict.fromkeys(EDGES, 0.2)},
    ]
    found, t = arrays([options], [0]), Terms(np.full(4, 0.25))
    stated = columns.confidence(found, t, found.present)[0]
    assert stated == pytest.approx(norm.cdf(0.1 / np.sqrt(4 * 0.0625 * (0.01 + 0.04))), abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "expected"), [((0.6, 0.5, 0.4), 1.0), ((0.6, 0.6, 0.4), 0.5), ((0.5, 0.6, 0.4), 0.0)]
)
def test_confidence_without_any_error_is_certain_or_shared(scores, expected):
    options = [
        {"id": str(n), "edges": dict.fromkeys(EDGES, score), "uncertainty": dict.fromkeys(EDGES, 0.0)}
        for n, score in enumerate(scores)
    ]
    found = arrays([options], [0])
    assert columns.confidence(found, Terms(np.full(4, 0.25)), found.present)[0] == expected


def test_confidence_is_unstated_where_a_deviation_that_counts_is_missing():
    options = [
        {"id": "x", "edges": dict.fromkeys(EDGES, 0.6), "uncertainty": {"a": 0.1, "b": 0.1, "c": 0.1}},
        {"id": "y", "edges": dict.fromkeys(EDGES, 0.5), "uncertainty": dict.fromkeys(EDGES, 0.2)},
    ]
    found = arrays([options], [0])
    assert np.isnan(columns.confidence(found, Terms(np.full(4, 0.25)), found.present)[0])
    weightless = Terms(np.array([0.5, 0.25, 0.25, 0.0]))
    assert 0 < columns.confidence(found, weightless, found.present)[0] < 1


@settings(max_examples=20, deadline=None)
@given(
    strategies.options(sd=st.just(0.05)), strategies.policies(rule=st.just("weighted_sum"), norms=st.just([]))
)
def test_draws_agree_with_the_integral_where_both_apply(options, policy):
    inner = [dict(option, edges={e: 0.3 + 0.4 * s for e, s in option["edges"].items()}) for option in options]
    chosen = [option["id"] for option in inner].index(policy.choose(inner).option_id)
    found, t = arrays([inner], [chosen]), terms(policy)
    share, error = draws.confidence(found, t, found.present, uuid.UUID(int=7))
    exact = columns.confidence(found, t, found.present)[0]
    assert abs(share - exact) <= 5 * max(error, 1 / 4096)


def test_draws_are_the_same_for_ever():
    assert (
        draws.normals(uuid.UUID(int=1), (2,)).tolist() == draws.normals(uuid.UUID(int=1), (5,))[:2].tolist()
    )
    assert draws.normals(uuid.UUID(int=1), (3,)).tolist() == pytest.approx(EXPECTED, abs=1e-12)


EXPECTED = [0.1676268464091558, 0.6612741976640492, 1.89573954968701]
