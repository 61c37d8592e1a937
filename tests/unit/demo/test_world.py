"""The built-in world and what is measured in it."""

import numpy as np
import pytest

from demo import measuring, models, world


@pytest.fixture(scope="module")
def control() -> dict[str, measuring.Estimate]:
    return measuring.over_seeds(0.0, seeds=6)


@pytest.fixture(scope="module")
def headline() -> dict[str, measuring.Estimate]:
    return measuring.over_seeds(world.CONFLICT, seeds=3)


def test_norms_sum_to_one_and_agree_without_conflict() -> None:
    for strength in measuring.STRENGTHS:
        assert world.norms(strength).sum(axis=1) == pytest.approx(1.0)
    assert world.norms(0.0) == pytest.approx(1 / 6)
    assert world.norms(1.0).max() == 0.5


def test_no_edge_is_privileged_by_the_world() -> None:
    """Averaged over communities every edge weighs the same at any strength of conflict."""
    assert world.norms(1.0).mean(axis=0) == pytest.approx(1 / 6)


def test_acting_trades_harm_for_loss() -> None:
    """Removing settles every harm and costs every good; allowing the reverse."""
    truth = world.true_scores(np.full((1, 6), 1.0))[0]
    assert truth[world.OPTIONS.index("remove")] == pytest.approx([0.9] * 4 + [0.1] * 2)
    assert truth[world.OPTIONS.index("allow")] == pytest.approx([0.1] * 4 + [0.9] * 2)


def test_a_seed_fixes_every_figure() -> None:
    assert measuring.one_seed(3, 0.5) == measuring.one_seed(3, 0.5)
    assert measuring.one_seed(3, 0.5) != measuring.one_seed(4, 0.5)


def test_without_conflict_the_gain_is_nought(control: dict[str, measuring.Estimate]) -> None:
    gain = control["satisfaction_gain"]
    assert gain.interval[0] <= 0.0 <= gain.interval[1]
    assert abs(gain.value) < 0.005


def test_with_conflict_the_gain_and_its_interval_are_positive(
    headline: dict[str, measuring.Estimate],
) -> None:
    assert headline["satisfaction_gain"].interval[0] > 0


def test_task_accuracy_loses_no_more_than_the_limit(headline: dict[str, measuring.Estimate]) -> None:
    assert headline["accuracy_change"].interval[0] >= -measuring.ACCURACY_LIMIT


def test_the_planted_bias_shows_in_the_edge_and_not_in_the_scalar(
    headline: dict[str, measuring.Estimate],
) -> None:
    assert headline["bias_found"].value == headline["bias_hidden"].value == 1.0
    assert abs(headline["bias_scalar_delta"].value) < 0.01 < 0.04 < -headline["bias_delta"].value


def test_without_the_planted_bias_nothing_is_found() -> None:
    assert measuring.over_seeds(world.CONFLICT, seeds=2, bias=0.0)["bias_found"].value == 0.0


def test_the_bias_moves_no_scalar_total() -> None:
    rng = np.random.default_rng(1)
    scores = rng.uniform(0.1, 0.9, size=(50, 4, 6))
    weights = rng.dirichlet(np.full(6, 20.0))
    minority = np.arange(50) % 2 == 0
    shifted = world.biased(scores, minority, weights)
    assert shifted @ weights == pytest.approx(scores @ weights)
    assert not np.allclose(shifted[minority], scores[minority])
    assert np.array_equal(shifted[~minority], scores[~minority])


def test_both_models_flag_the_same_share() -> None:
    signal = np.random.default_rng(2).random(1_000)
    assert models.flag_lowest(signal, 0.2).sum() == 200
    assert signal[models.flag_lowest(signal, 0.2)].max() <= signal[~models.flag_lowest(signal, 0.2)].min()


def test_errors_count_every_query() -> None:
    """A question removes an error only where it was asked, mattered and settled the matter."""
    wrong = np.array([True, True, True, False])
    flagged = np.array([True, True, False, True])
    settles = np.array([True, False, True, True])
    assert measuring.errors_after_asking(wrong, flagged, settles) == 0.5


def test_satisfaction_runs_from_worst_to_best() -> None:
    utility = np.array([[0.2, 0.6, 0.4, 0.3]] * 3 + [[0.5] * 4])
    chosen = np.array([0, 1, 2, 3])
    assert measuring.satisfaction(utility, chosen) == pytest.approx([0.0, 1.0, 0.5, 1.0])


def test_a_model_finds_the_weights_it_is_taught() -> None:
    rng = np.random.default_rng(5)
    scores = rng.random((400, 6))
    weights = np.array([0.3, 0.2, 0.2, 0.1, 0.1, 0.1])
    assert models.fit(scores, scores @ weights + 0.4) == pytest.approx(weights)
    assert models.fit(scores, -scores.sum(axis=1)) == pytest.approx(1 / 6)


def test_the_hard_norm_binds_both_models() -> None:
    scores = np.full((1, 4, 6), 0.9)
    scores[0, 0, 0] = 0.2
    given = models.answer(scores, np.full((1, 4, 6), 0.1), np.full(6, 1 / 6))
    assert given.chosen[0] == 1
