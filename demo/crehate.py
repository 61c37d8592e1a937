"""Real people's judgements: a data set in the layout of CREHate (Lee et al., NAACL 2024). Imports no Django.

Derivation and definitions: docs/demo.md. Arrays: n posts, g countries, v votes per country and post, o options.
"""

import csv
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from demo.measuring import Estimate, estimate
from demo.world import Floats, Ints

EDGES = ("safety", "expression", "local-fit", "even-handedness")
OPTIONS = ("allow", "limit", "remove")
STRENGTH = np.array([0.0, 0.5, 1.0])
VOTES = 5
REPEATS = 20
MEMBERS = 5
UNKNOWN = "2"
SHARED_POINTS = 50
FILES = ("annotations.csv", "posts.csv")


@dataclass(frozen=True, slots=True)
class Judgements:
    """``votes`` (n, g, v): 1 hateful, 0 not, NaN not given; ``rates``: raters' shares of hateful votes, by country."""

    posts: tuple[str, ...]
    countries: tuple[str, ...]
    votes: Floats
    rates: dict[str, list[float]]

    @property
    def complete(self) -> "Floats":
        """(m, g, v): the posts on which every country gave all its votes."""
        return np.asarray(self.votes[~np.isnan(self.votes).any(axis=(1, 2))])


def recognises(folder: Path) -> bool:
    """Whether the folder has this layout."""
    return all((folder / name).is_file() for name in FILES)


def load(folder: Path) -> Judgements:
    """Reads posts and raw annotations; the undocumented value 2 ("I don't know", it seems) is no vote."""
    with (folder / "posts.csv").open(newline="") as file:
        posts = tuple(row["ID"] for row in csv.DictReader(file))
    votes: dict[tuple[str, str], list[float]] = defaultdict(list)
    given: dict[tuple[str, str], list[float]] = defaultdict(list)
    with (folder / "annotations.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            if row["annotation"] != UNKNOWN:
                value = float(row["annotation"])
                votes[row["ID"], row["nationality"]].append(value)
                given[row["nationality"], row["annotator_id"]].append(value)
    countries = tuple(sorted({country for _, country in votes}))
    table = np.full((len(posts), len(countries), VOTES), np.nan)
    for i, post in enumerate(posts):
        for g, country in enumerate(countries):
            cast = votes[post, country][:VOTES]
            table[i, g, : len(cast)] = cast
    return Judgements(posts, countries, table, _rates(countries, given))


def _rates(countries: tuple[str, ...], given: dict[tuple[str, str], list[float]]) -> dict[str, list[float]]:
    """Of the raters with most votes in each country, the share of votes "hateful"."""
    busiest = sorted(given, key=lambda key: (-len(given[key]), key[1]))
    return {
        country: [sum(given[key]) / len(given[key]) for key in busiest if key[0] == country][:MEMBERS]
        for country in countries
    }


def country_of_posts(judgements: Judgements) -> Ints:
    """(n,): the country a decision is made for goes round in the order of posts."""
    return np.arange(len(judgements.posts)) % len(judgements.countries)


def scores(judgements: Judgements) -> tuple[Floats, Floats]:
    """Scores and sd (n, o, 4), derived from the shares of votes; see docs/demo.md."""
    votes, strength = judgements.votes, STRENGTH[None, :]
    count = np.maximum((~np.isnan(votes)).sum(axis=2), 1)
    local = np.nansum(votes, axis=2) / count
    pooled = np.nanmean(votes.reshape(len(votes), -1), axis=1)[:, None]
    rows, country = np.arange(len(votes)), country_of_posts(judgements)
    fit = (1 - local)[:, :, None] * (1 - STRENGTH) + local[:, :, None] * STRENGTH
    score = [
        1 - pooled * (1 - strength),
        1 - (1 - pooled) * strength,
        fit[rows, country],
        1 - (fit.max(axis=1) - fit.min(axis=1)),
    ]
    error, local_error = (
        np.sqrt(pooled * (1 - pooled) / count.sum(axis=1)[:, None]),
        np.sqrt(local * (1 - local) / count),
    )
    slope = np.abs(2 * strength - 1)
    pair = np.sqrt(2) * local_error.mean(axis=1)[:, None]
    sd = [error * (1 - strength), error * strength, local_error[rows, country][:, None] * slope, pair * slope]
    return np.stack(score, axis=2).round(6), np.minimum(np.stack(sd, axis=2), 0.5).round(6)


def ballot(rate: float) -> dict[str, int]:
    """Points in fives: half shared by the rater's rate of "hateful" votes, half on what the data is silent about."""
    safety = 5 * round(SHARED_POINTS * rate / 5)
    return {
        "safety": safety,
        "expression": SHARED_POINTS - safety,
        "local-fit": (100 - SHARED_POINTS) // 2,
        "even-handedness": (100 - SHARED_POINTS) // 2,
    }


def decisions(share: Floats) -> Floats:
    """Remove where at least half of the votes say hateful, else allow."""
    return np.asarray((share >= 0.5).astype(float))


def policies(votes: Floats) -> dict[str, Floats]:
    """(n, g) decisions of three policies fitted on ``votes`` (n, g, v): pooled, per country, and halfway between."""
    local = votes.mean(axis=2)
    pooled = np.repeat(local.mean(axis=1, keepdims=True), local.shape[1], axis=1)
    return {
        "pooled": decisions(pooled),
        "per_country": decisions(local),
        "shrunk": decisions((local + pooled) / 2),
    }


def in_sample(votes: Floats) -> dict[str, float]:
    """Mean satisfaction of the very votes the policies were fitted on."""
    fitted = policies(votes)
    return {name: float((1 - np.abs(votes - d[:, :, None])).mean()) for name, d in fitted.items()}


def held_out(votes: Floats, *, repeats: int = REPEATS) -> dict[str, Estimate]:
    """Mean satisfaction of one vote per country and post that the policy has not seen; interval over repeats.

    The repeats draw from the same votes, so the interval says how much the split matters, not how much other raters
    would differ.
    """
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = defaultdict(list)
    for _ in range(repeats):
        kept = rng.permuted(votes, axis=2)
        seen, unseen = kept[:, :, :-1], kept[:, :, -1]
        satisfied = {name: float((1 - np.abs(d - unseen)).mean()) for name, d in policies(seen).items()}
        for name, value in satisfied.items():
            found[name].append(value)
            found[f"{name}_gain"].append(value / satisfied["pooled"] - 1)
    return {name: estimate(values) for name, values in found.items() if name != "pooled_gain"}
