"""Scorers and their calibration: known cases, laws, and records that the SDK's own check accepts."""

import math
import random

import pytest
from edgewise import calibration, record, scorers
from edgewise.scorers import Classifier, Judge, RewardModel, Scored, ScorerError
from hypothesis import given
from hypothesis import strategies as st

TARGETS = [(n % 50) / 49 for n in range(200)]


def noisy(targets, spread=0.1):
    chance = random.Random(7)
    return [math.log((0.02 + y) / (1.02 - y)) + chance.gauss(0, spread) for y in targets]


@pytest.mark.parametrize("fit", [calibration.isotonic, calibration.platt])
def test_a_fitted_map_finds_the_targets_again(fit):
    found = fit(noisy(TARGETS), TARGETS)
    assert found.rmse < 0.06
    assert found.calibration_error < 0.05
    low, high = found.interval
    assert low <= found.rmse <= high
    assert found.n == 200
    assert found(math.log(0.52 / 0.52)) == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("fit", [calibration.isotonic, calibration.platt])
def test_noise_alone_is_reported_as_the_spread_of_the_targets(fit):
    chance = random.Random(3)
    targets = [chance.random() for _ in range(400)]
    raw = [y + chance.gauss(0, 8) for y in targets]
    assert fit(raw, targets).rmse == pytest.approx(math.sqrt(1 / 12), abs=0.03)


@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(0, 1)), min_size=20, max_size=60),
    st.floats(-99, 99),
    st.floats(-99, 99),
)
def test_every_map_rises_and_stays_within_0_and_1(pairs, a, b):
    for fit in (calibration._fit_isotonic, calibration._fit_platt):
        try:
            found = fit(pairs)
        except calibration.CalibrationError:
            continue
        low, high = sorted((a, b))
        assert 0 <= found(low) <= found(high) + 1e-9 <= 1 + 1e-8


def test_isotonic_pools_what_falls():
    curve = calibration._fit_isotonic([(0, 0.2), (1, 0.8), (2, 0.4), (3, 1.0)])
    assert curve.points == ((0.0, 0.2), (1.5, pytest.approx(0.6)), (3.0, 1.0))
    assert curve(0.75) == pytest.approx(0.4)
    assert (curve(-9), curve(9)) == (0.2, 1.0)


def test_platt_draws_separated_targets_in():
    raw, targets = list(range(40)), [0] * 20 + [1] * 20
    found = calibration.platt(raw, targets)
    assert math.isfinite(found.map.slope)
    assert 0.5 < found(20) < 1


@pytest.mark.parametrize(
    ("raw", "targets", "word"),
    [
        ([1.0] * 5, [0.0] * 5, "at least 20"),
        ([1.0] * 30, [0.5] * 30, "same"),
        ([math.nan, *range(29)], [0.5] * 30, "finite"),
        (range(30), [1.2] * 30, "outside"),
        (range(30), [0.5] * 29, "one of each"),
        (range(30), [1 - n / 30 for n in range(30)], "direction"),
    ],
)
def test_data_that_carry_no_calibration_are_refused(raw, targets, word):
    for fit in (calibration.isotonic, calibration.platt):
        with pytest.raises(calibration.CalibrationError, match=word):
            fit(list(raw), list(targets))


class Model:
    classes_ = ["harmful", "harmless"]

    def predict_proba(self, pairs):
        return [[0.25, 0.75] if "kind" in option else [0.9, 0.1] for _text, option in pairs]


def test_a_classifier_reads_the_column_of_its_class():
    found = Classifier.of_model("toxicity@1", Model(), {"safety": "harmless"}).score("?", ["kind", "rude"])
    assert found == [{"safety": Scored(0.75)}, {"safety": Scored(0.1)}]
    with pytest.raises(ScorerError, match="no class 'safe'"):
        Classifier.of_model("toxicity@1", Model(), {"safety": "safe"})


def test_a_classifier_that_answers_no_probability_is_refused():
    with pytest.raises(ScorerError, match="no probability"):
        Classifier("c@1", {"safety": 0}, lambda _pairs: [[1.5]]).score("?", ["a"])
    with pytest.raises(ScorerError, match="1 rows"):
        Classifier("c@1", {"safety": 0}, lambda _pairs: [[0.5]]).score("?", ["a", "b"])


def test_a_reward_model_scores_through_its_calibration_and_states_its_error():
    fitted = calibration.platt(noisy(TARGETS), TARGETS)
    scorer = RewardModel("reward@2", "helpfulness", lambda _text, option: float(len(option)), fitted)
    (short, long) = (each["helpfulness"] for each in scorer.score("?", ["", "x" * 9]))
    assert 0 <= short.score < long.score <= 1
    assert short.sd == pytest.approx(fitted.rmse, abs=1e-6)
    bad = RewardModel("reward@2", "helpfulness", lambda *_: math.inf, fitted)
    with pytest.raises(ScorerError, match="finite"):
        bad.score("?", ["a"])


def test_a_judge_states_the_spread_of_its_repeats_and_the_rounding_of_its_scale():
    ratings = iter([2, 3, 4])
    judge = Judge("judge@3", ["fairness"], lambda *_: next(ratings))
    (found,) = judge.score("?", ["a"])
    assert found["fairness"].score == 0.5
    assert found["fairness"].sd == pytest.approx(
        math.hypot(1 / math.sqrt(3) / 4, 0.25 / math.sqrt(12)), abs=1e-6
    )
    steady = Judge("judge@3", ["fairness"], lambda *_: 4)
    assert steady.score("?", ["a"])[0]["fairness"].sd == pytest.approx(0.25 / math.sqrt(12), abs=1e-6)
    once = Judge("judge@3", ["fairness"], lambda *_: 4, repeats=1)
    assert once.score("?", ["a"])[0]["fairness"].sd is None


def test_a_judge_outside_its_scale_is_refused():
    with pytest.raises(ScorerError, match="outside 1 to 5"):
        Judge("judge@3", ["fairness"], lambda *_: 6).score("?", ["a"])
    with pytest.raises(ScorerError, match="does not rise"):
        Judge("judge@3", ["fairness"], lambda *_: 1, scale=(5, 1))
    with pytest.raises(ScorerError, match="repeats"):
        Judge("judge@3", ["fairness"], lambda *_: 1, repeats=0)


def test_scorers_fill_the_fields_of_a_valid_record():
    judge = Judge("judge@3", ["fairness"], lambda _t, option, _e: None if option == "b" else 4)
    made = scorers.fields([Classifier.of_model("toxicity@1", Model(), {"safety": "harmless"}), judge], "?",
                          {"one": "kind", "two": "b"})  # fmt: skip
    assert made["scorer"] == {"safety": "toxicity@1", "fairness": "judge@3"}
    assert made["options"][1]["unscored"] == {"fairness": "the judge declined"}
    whole = {
        "id": "019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01", "system": "moderator", "model_version": "1",
        "occurred_at": "2026-11-20T09:30:00Z", "context": {}, "input": {"digest": "sha256:ab"},
        "policy": {"version": 1, "digest": "00"}, "chosen": "one", "disposition": "answered", **made,
    }  # fmt: skip
    assert record.check(whole, ["safety", "fairness"]) == []


def test_one_edge_has_one_scorer_and_every_scorer_a_version():
    judge = Judge("judge@3", ["safety"], lambda *_: 4)
    with pytest.raises(ScorerError, match="already"):
        scorers.fields([judge, judge], "?", {"a": "a"})
    with pytest.raises(ScorerError, match="id@version"):
        Judge("judge", ["safety"], lambda *_: 4)
