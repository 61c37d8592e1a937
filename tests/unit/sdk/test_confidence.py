"""Confidence in a choice: known cases, and equal to the server's figure."""

import math

import pytest
from edgewise.confidence import confidence
from hypothesis import given, settings
from hypothesis import strategies as st

EDGES = ("a", "b")
EVEN = {"weights": {"a": 0.5, "b": 0.5}}
score = st.integers(0, 1000).map(lambda n: n / 1000)
deviation = st.integers(0, 50).map(lambda n: n / 100)


def option(name: str, scores: tuple, sd: tuple | None = None) -> dict:
    made = {"id": name, "edges": dict(zip(EDGES, scores, strict=True))}
    return made if sd is None else made | {"uncertainty": dict(zip(EDGES, sd, strict=True))}


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def test_two_options_are_the_normal_probability_of_the_margin() -> None:
    options = [option("x", (0.8, 0.6), (0.1, 0.2)), option("y", (0.5, 0.7), (0.3, 0.0))]
    expected = phi(0.1 / math.sqrt(0.25 * (0.01 + 0.04 + 0.09)))
    assert confidence(options, EVEN, "x") == pytest.approx(expected, abs=1e-9)
    assert confidence(options, EVEN, "y") == pytest.approx(1 - expected, abs=1e-9)


def test_certain_scores_give_one_a_share_or_nothing() -> None:
    sure = [option("x", (0.8, 0.6), (0, 0)), option("y", (0.6, 0.8), (0, 0)), option("z", (0.1, 0.1), (0, 0))]
    assert [confidence(sure, EVEN, name) for name in "xyz"] == [0.5, 0.5, 0.0]
    assert confidence([sure[0], sure[2]], EVEN, "x") == 1.0
    assert confidence([sure[0]], EVEN, "x") == 1.0


def test_one_certain_rival_splits_the_integral() -> None:
    options = [option("x", (0.5, 0.5), (0.2, 0.2)), option("y", (0.6, 0.6), (0, 0))]
    expected = phi(-0.1 / math.sqrt(0.5 * 0.04))
    assert confidence(options, EVEN, "x") == pytest.approx(expected, abs=1e-5)


def test_what_is_not_stated_is_never_certain() -> None:
    x, y = option("x", (0.9, 0.9), (0.1, 0.1)), option("y", (0.1, 0.1))
    assert confidence([x, y], EVEN, "x") is None
    assert confidence([y, x], EVEN, "y") is None
    assert confidence([x | {"edges": {"a": None, "b": 0.5}}], EVEN, "x") is None
    assert confidence([x], EVEN | {"rule": "nash"}, "x") is None
    half = option("y", (0.1, 0.1)) | {"uncertainty": {"a": 0.1}}
    assert confidence([x, half], {"weights": {"a": 1.0, "b": 0.0}}, "x") > 0.99


def test_infeasible_rivals_do_not_count() -> None:
    options = [option("x", (0.5, 0.5), (0.1, 0.1)), option("y", (0.9, 0.4), (0.1, 0.1))]
    norms = [{"edge": "b", "minimum": 0.5}]
    assert confidence(options, EVEN | {"norms": norms}, "x") == pytest.approx(1.0)
    assert confidence(options, EVEN, "x") < 0.5


@given(st.lists(st.tuples(score, score, deviation, deviation), min_size=1, max_size=5), st.data())
@settings(deadline=None)
def test_it_is_the_figure_of_the_server(rows: list[tuple], data: st.DataObject) -> None:
    columns = pytest.importorskip("audits.decisions.columns")
    np = pytest.importorskip("numpy")
    chosen = data.draw(st.integers(0, len(rows) - 1))
    options = [option(f"o{n}", row[:2], row[2:]) for n, row in enumerate(rows)]
    table = np.array([rows], dtype=float)
    present = np.ones((1, len(rows)), dtype=bool)
    many = columns.Columns(table[:, :, :2], table[:, :, 2:], present, np.array([chosen]))
    (expected,) = columns.confidence(many, columns.Terms(np.array([0.5, 0.5])), present)
    assert confidence(options, EVEN, f"o{chosen}") == pytest.approx(expected, abs=2e-4)
