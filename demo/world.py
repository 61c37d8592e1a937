"""The built-in world: posts in communities whose norms compete. Imports no Django.

Every constant is a plain round number, fixed before anything was measured; docs/demo.md gives the reason for each.
Arrays: n posts, o options, j edges, c communities.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

EDGES = ("safety", "fairness", "privacy", "truthfulness", "expression", "culture")
OPTIONS = ("allow", "label", "limit", "remove")
PRIORITIES = {
    "arts": ("expression", "culture"),
    "campus": ("fairness", "truthfulness"),
    "families": ("safety", "privacy"),
    "gaming": ("expression", "privacy"),
    "heritage": ("culture", "fairness"),
    "news": ("truthfulness", "safety"),
}
COMMUNITIES = tuple(PRIORITIES)
# How much of a post's stake on an edge each option settles: the harm it averts on the first four edges, the loss it
# causes on the last two. Quarters only.
EFFECT = np.array(
    [
        # safety fairness privacy truthfulness expression culture
        [0.00, 0.00, 0.00, 0.00, 0.00, 0.00],  # allow
        [0.00, 0.25, 0.00, 0.75, 0.25, 0.50],  # label
        [0.50, 0.50, 0.50, 0.50, 0.50, 0.50],  # limit
        [1.00, 1.00, 1.00, 1.00, 1.00, 1.00],  # remove
    ]
)
HARMS = 4
LOW, HIGH = 0.1, 0.9
SPREAD = (0.05, 0.25)
PANEL = 5
LABEL_NOISE = 0.1
CONFLICT = 0.5
CLEAR_HARM = 0.75
NORM_EDGE, NORM_MINIMUM = "safety", 0.3
MINORITY_SHARE = 0.25
BIAS_EDGE, BIAS = "fairness", 0.05


@dataclass(frozen=True, slots=True)
class Posts:
    """``features`` (n, j) in [0, 1]; ``truth`` (n, o, j) the true scores; ``spread`` (n, j) how far people differ."""

    features: Floats
    community: Ints
    minority: Bools
    truth: Floats
    spread: Floats

    def __len__(self) -> int:
        return len(self.community)

    def take(self, rows: Ints | Bools | slice) -> "Posts":
        """The posts at ``rows``."""
        return Posts(
            self.features[rows],
            self.community[rows],
            self.minority[rows],
            self.truth[rows],
            self.spread[rows],
        )


@dataclass(frozen=True, slots=True)
class Panel:
    """What annotators of the post's community said: mean and sd (n, o, j) of scores, mean ``label`` (n, o)."""

    scores: Floats
    sd: Floats
    label: Floats


def norms(conflict: float) -> Floats:
    """(c, j): the weights of each community. 0: all alike; 1: each cares for its two priorities only."""
    own = np.array([[edge in PRIORITIES[name] for edge in EDGES] for name in COMMUNITIES]) / 2
    return np.asarray((1 - conflict) / len(EDGES) + conflict * own)


def draw_posts(n: int, rng: np.random.Generator) -> Posts:
    """Most posts carry little of anything: each feature is the square of a uniform draw."""
    features = rng.random((n, len(EDGES))) ** 2
    return Posts(
        features=features,
        community=rng.integers(len(COMMUNITIES), size=n),
        minority=rng.random(n) < MINORITY_SHARE,
        truth=true_scores(features),
        spread=rng.uniform(*SPREAD, size=(n, len(EDGES))),
    )


def true_scores(features: Floats) -> Floats:
    """(n, o, j) in [0.1, 0.9]: 1 − stake left on a harm, 1 − stake lost on a benefit, rescaled."""
    stake = features[:, None, :]
    remaining = np.where(np.arange(len(EDGES)) < HARMS, 1 - EFFECT, EFFECT)
    return np.asarray(LOW + (HIGH - LOW) * (1 - stake * remaining))


def ask_panel(posts: Posts, weights: Floats, rng: np.random.Generator) -> Panel:
    """Five annotators of the post's own community score every option and label it as a whole."""
    noise = rng.normal(size=(len(posts), PANEL, len(OPTIONS), len(EDGES)))
    readings = posts.truth[:, None] + noise * posts.spread[:, None, None, :]
    readings = np.clip(readings, LOW - 0.05, HIGH + 0.05)
    labels = np.einsum("npoj,nj->npo", readings, weights[posts.community])
    labels = labels + rng.normal(scale=LABEL_NOISE, size=labels.shape)
    sd = np.minimum(readings.std(axis=1, ddof=1), 0.5)
    return Panel(readings.mean(axis=1).round(6), sd.round(6), labels.mean(axis=1))


def biased(scores: Floats, minority: Bools, weights: Floats) -> Floats:
    """Scores of a scorer that marks the minority's posts down on one edge, offset so that its scalar total is unmoved.

    The offset lies on the other edges but the hard norm's, in equal parts of the total: Σ_j weights_j shift_j = 0.
    """
    edge, norm = EDGES.index(BIAS_EDGE), EDGES.index(NORM_EDGE)
    others = [j for j in range(len(EDGES)) if j not in (edge, norm)]
    shift = np.zeros(len(EDGES))
    shift[edge] = -BIAS
    shift[others] = BIAS * weights[edge] / (len(others) * weights[others])
    return np.asarray(np.clip(scores + shift * minority[:, None, None], 0.0, 1.0))
