"""Scorers: one way to ask a classifier, a reward model or a judge how an option does on an edge.

A scorer gives every option a score from 0 to 1 on each of its edges, higher is better, with the standard deviation it
can state. `fields` turns scorers into the `options` and `scorer` fields of a decision record.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any, Protocol

from edgewise.calibration import MAX_SD, Calibration
from edgewise.errors import EdgewiseError

DECIMALS = 6
NAME = re.compile(r"[^@\s]+@[^@\s]+")


class ScorerError(EdgewiseError):
    """A scorer is set up wrongly, or answered something that is no score; the message names the scorer."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A score from 0 to 1 with its standard deviation (None: not stated), or the `reason` why there is none."""

    score: float | None
    sd: float | None = None
    reason: str = ""


class Scorer(Protocol):
    """What scores options. `name` is `id@version`; a scorer that changes gets a new version."""

    @property
    def name(self) -> str:
        """`id@version`, as it stands in the record's `scorer`."""

    @property
    def edges(self) -> Sequence[str]:
        """The edges that it scores."""

    def score(self, text: str, options: Sequence[str]) -> Sequence[Mapping[str, Scored]]:
        """For each of `options`, answers to the input `text`: a Scored for every edge of the scorer.

        ScorerError if what is asked answers something that is no score.
        """


@dataclass(frozen=True, slots=True)
class Classifier:
    """Probabilities of classes, taken for scores. `classes` says which column speaks for each edge.

    `predict` gets a list of (input, option) and returns a row of probabilities for each, as `predict_proba` does; pass
    `calibrations` where the probabilities were checked against what people said: they also state the deviation.
    """

    name: str
    classes: Mapping[str, int]
    predict: Callable[[list[tuple[str, str]]], Sequence[Sequence[float]]]
    calibrations: Mapping[str, Calibration] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_name(self.name)

    @classmethod
    def of_model(
        cls,
        name: str,
        model: Any,
        classes: Mapping[str, Any],
        *,
        features: Callable[[list[tuple[str, str]]], Any] | None = None,
        calibrations: Mapping[str, Calibration] | None = None,
    ) -> Classifier:
        """Of a model with `predict_proba` and `classes_`; `features` turns (input, option) pairs into what it reads."""
        known = list(model.classes_)
        missing = [label for label in classes.values() if label not in known]
        if missing:
            raise ScorerError(f"{name}: the model has no class {missing[0]!r}; it has {known}.")
        columns = {edge: known.index(label) for edge, label in classes.items()}

        def predict(pairs: list[tuple[str, str]]) -> Sequence[Sequence[float]]:
            rows: Sequence[Sequence[float]] = model.predict_proba(
                pairs if features is None else features(pairs)
            )
            return rows

        return cls(name, columns, predict, calibrations or {})

    @property
    def edges(self) -> Sequence[str]:
        """The edges for which a class speaks."""
        return tuple(self.classes)

    def score(self, text: str, options: Sequence[str]) -> list[dict[str, Scored]]:
        """The probabilities of the classes; ScorerError for rows that are too few, or figures that are none."""
        rows = self.predict([(text, option) for option in options])
        if len(rows) != len(options):
            raise ScorerError(f"{self.name}: {len(rows)} rows came back for {len(options)} options.")
        return [{edge: self._one(edge, float(row[at])) for edge, at in self.classes.items()} for row in rows]

    def _one(self, edge: str, probability: float) -> Scored:
        if not 0 <= probability <= 1:
            raise ScorerError(f"{self.name}: {probability} on {edge} is no probability.")
        return _calibrated(probability, self.calibrations.get(edge))


@dataclass(frozen=True, slots=True)
class RewardModel:
    """An unbounded figure, brought to 0…1 by a stated rising map; without a calibration there is no score."""

    name: str
    edge: str
    reward: Callable[[str, str], float]
    calibration: Calibration

    def __post_init__(self) -> None:
        _check_name(self.name)

    @property
    def edges(self) -> Sequence[str]:
        """The one edge that the reward speaks for."""
        return (self.edge,)

    def score(self, text: str, options: Sequence[str]) -> list[dict[str, Scored]]:
        """The reward of each option, calibrated; ScorerError for one that is not finite."""
        found = []
        for option in options:
            raw = float(self.reward(text, option))
            if not math.isfinite(raw):
                raise ScorerError(f"{self.name}: the reward {raw} is not finite.")
            found.append({self.edge: _calibrated(raw, self.calibration)})
        return found


@dataclass(frozen=True, slots=True)
class Judge:
    """Ratings on a stated scale, asked `repeats` times; a judge that declines (None) leaves the edge unscored.

    The score is the mean rating, rescaled. Its deviation is the standard error of the repeats together with the
    rounding of the scale, step/√12: a judge that says the same each time is not thereby certain. With one repeat it is
    unstated.
    """

    name: str
    edges: Sequence[str]
    rate: Callable[[str, str, str], float | None]
    scale: tuple[float, float] = (1.0, 5.0)
    step: float = 1.0
    repeats: int = 3

    def __post_init__(self) -> None:
        _check_name(self.name)
        if not self.scale[0] < self.scale[1]:
            raise ScorerError(f"{self.name}: the scale {self.scale} does not rise.")
        if self.repeats < 1 or self.step < 0:
            raise ScorerError(
                f"{self.name}: repeats are at least 1, and the step of the scale is not negative."
            )

    def score(self, text: str, options: Sequence[str]) -> list[dict[str, Scored]]:
        """The mean rating of each option on each edge, rescaled; ScorerError for one outside the scale."""
        return [{edge: self._one(text, option, edge) for edge in self.edges} for option in options]

    def _one(self, text: str, option: str, edge: str) -> Scored:
        given = [self.rate(text, option, edge) for _ in range(self.repeats)]
        ratings = [float(rating) for rating in given if rating is not None]
        if not ratings:
            return Scored(None, reason="the judge declined")
        low, high = self.scale
        for rating in ratings:
            if not low <= rating <= high:
                raise ScorerError(
                    f"{self.name}: the rating {rating} on {edge} lies outside {low:g} to {high:g}."
                )
        mean = (fmean(ratings) - low) / (high - low)
        if len(ratings) == 1:
            return Scored(round(mean, DECIMALS))
        error = stdev(ratings) / math.sqrt(len(ratings)) / (high - low)
        rounding = self.step / (high - low) / math.sqrt(12)
        return Scored(round(mean, DECIMALS), _deviation(math.hypot(error, rounding)))


def fields(scorers: Sequence[Scorer], text: str, options: Mapping[str, str]) -> dict[str, Any]:
    """The `options` and `scorer` fields of a record: `options` maps ids to the answers they stand for.

    What a scorer could not score is null with its reason under `unscored`; it is never filled in. ScorerError if two
    scorers have an edge in common, or one answers something that is no score.
    """
    made: list[dict[str, Any]] = [{"id": name, "edges": {}} for name in options]
    by: dict[str, str] = {}
    for scorer in scorers:
        twice = [edge for edge in scorer.edges if edge in by]
        if twice:
            raise ScorerError(f"{scorer.name}: the edge {twice[0]} is scored by {by[twice[0]]} already.")
        by |= dict.fromkeys(scorer.edges, scorer.name)
        answers = scorer.score(text, list(options.values()))
        for option, answer in zip(made, answers, strict=True):
            for edge in scorer.edges:
                _fill(option, edge, answer[edge])
    return {"options": made, "scorer": by}


def _fill(option: dict[str, Any], edge: str, scored: Scored) -> None:
    option["edges"][edge] = scored.score
    if scored.score is None:
        option.setdefault("unscored", {})[edge] = scored.reason or "not scored"
    elif scored.sd is not None:
        option.setdefault("uncertainty", {})[edge] = scored.sd


def _calibrated(raw: float, calibration: Calibration | None) -> Scored:
    if calibration is None:
        return Scored(round(raw, DECIMALS))
    return Scored(round(min(max(calibration(raw), 0.0), 1.0), DECIMALS), _deviation(calibration.sd))


def _deviation(sd: float) -> float:
    return round(min(sd, MAX_SD), DECIMALS)


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise ScorerError(f"{name!r} is not a scorer's name; write id@version, for example toxicity@2026-11.")
