"""What the two models are worth to the people concerned, over several seeds. Definitions: docs/demo.md."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from audits.monitoring import discrepancy
from demo import models, world
from demo.world import COMMUNITIES, EDGES, OPTIONS, Bools, Floats, Ints, Posts

SEEDS = 20
FIT_ON, MEASURE_ON = 3_000, 6_000
ASK_SHARE = 0.2
SETTLES = 0.5
FRESH_PEOPLE = 99
AGREE = 2 / 3
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
ACCURACY_LIMIT = 0.02


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over seeds with its 95 % interval."""

    value: float
    interval: tuple[float, float]


def estimate(values: Sequence[float]) -> Estimate:
    """Student's t over seeds."""
    array = np.asarray(values, dtype=float)
    half = float(stats.t.ppf(0.975, len(array) - 1) * array.std(ddof=1) / np.sqrt(len(array)))
    return Estimate(float(array.mean()), (float(array.mean()) - half, float(array.mean()) + half))


def utilities(posts: Posts, norms: Floats) -> Floats:
    """(n, o): what each option is truly worth to the post's community."""
    return np.asarray(np.einsum("noj,nj->no", posts.truth, norms[posts.community]))


def satisfaction(utility: Floats, chosen: Ints) -> Floats:
    """(n,): the chosen option between the community's worst (0) and best (1)."""
    low, high = utility.min(axis=1), utility.max(axis=1)
    got = utility[np.arange(len(chosen)), chosen]
    spread = high - low
    return np.asarray(np.where(spread > 1e-12, (got - low) / np.where(spread > 1e-12, spread, 1.0), 1.0))


def by_community(values: Floats, community: Ints) -> Floats:
    """(c,): means."""
    return np.array([values[community == c].mean() for c in range(len(COMMUNITIES))])


def lawful(posts: Posts) -> Bools:
    """(n, o): options that meet the hard norm on true scores."""
    return np.asarray(posts.truth[:, :, models.NORM.edge] >= models.NORM.minimum - 1e-9)


def best_option(posts: Posts, norms: Floats) -> Ints:
    """(n,): the community's best lawful option."""
    return np.asarray(np.where(lawful(posts), utilities(posts, norms), -1.0).argmax(axis=1))


def truly_ambiguous(posts: Posts, norms: Floats, rng: np.random.Generator) -> Bools:
    """(n,): fewer than two thirds of 99 fresh people of the community put the same option first."""
    deviation = np.sqrt((norms[posts.community] ** 2 * posts.spread**2).sum(axis=1))
    utility = np.where(lawful(posts), utilities(posts, norms), -np.inf)
    votes = np.zeros(utility.shape)
    for _ in range(FRESH_PEOPLE):
        first = (utility + rng.normal(size=utility.shape) * deviation[:, None]).argmax(axis=1)
        votes[np.arange(len(first)), first] += 1
    return np.asarray(votes.max(axis=1) < AGREE * FRESH_PEOPLE)


def task_right(posts: Posts, chosen: Ints) -> Bools:
    """(n,): clear harm limited or removed, anything else not removed."""
    harmful = posts.features[:, EDGES.index("safety")] >= world.CLEAR_HARM
    return np.asarray(np.where(harmful, chosen >= OPTIONS.index("limit"), chosen != OPTIONS.index("remove")))


def errors_after_asking(wrong: Bools, flagged: Bools, settles: Bools) -> float:
    """The error rate over all queries once the flagged ones were asked about; ``settles`` (n,) the coin."""
    return float((wrong & ~(flagged & settles)).mean())


def one_seed(seed: int, conflict: float, *, bias: float = world.BIAS) -> dict[str, float]:
    """Every figure of one world."""
    rng = np.random.default_rng([seed, round(conflict * 100)])
    norms = world.norms(conflict)
    past, posts = world.draw_posts(FIT_ON, rng), world.draw_posts(MEASURE_ON, rng)
    taught, panel = world.ask_panel(past, norms, rng), world.ask_panel(posts, norms, rng)
    weights = {"scalar": models.fit_scalar(taught), "edge": models.fit_edge_aware(taught, past.community)}
    answers = {m: models.answer(panel.scores, panel.sd, w[posts.community]) for m, w in weights.items()}
    flagged = {
        "scalar": models.flag_lowest(answers["scalar"].margin, ASK_SHARE),
        "edge": models.flag_lowest(answers["edge"].confidence, ASK_SHARE),
    }
    ambiguous = truly_ambiguous(posts, norms, rng)
    settles = rng.random(len(posts)) < SETTLES
    figures = {"ambiguous_share": float(ambiguous.mean())}
    for name, given in answers.items():
        own = _figures(posts, norms, given, flagged[name], ambiguous, settles)
        figures |= {f"{key}_{name}": value for key, value in own.items()}
    shown = world.biased(panel.scores, posts.minority, weights["scalar"][0]) if bias else panel.scores
    return (
        figures
        | _relative(figures)
        | bias_figures(shown, answers["scalar"].chosen, posts, weights["scalar"][0])
    )


def _figures(
    posts: Posts, norms: Floats, given: models.Answers, flagged: Bools, ambiguous: Bools, settles: Bools
) -> dict[str, float]:
    felt = by_community(satisfaction(utilities(posts, norms), given.chosen), posts.community)
    wrong = given.chosen != best_option(posts, norms)
    return {
        "satisfaction": float(felt.mean()),
        "satisfaction_worst": float(felt.min()),
        "recall": float(flagged[ambiguous].mean()),
        "error": float(wrong.mean()),
        "error_asked": errors_after_asking(wrong, flagged, settles),
        "accuracy": float(task_right(posts, given.chosen).mean()),
        "errors_per_question": float((wrong & flagged & settles).sum() / flagged.sum()),
    }


def _relative(figures: dict[str, float]) -> dict[str, float]:
    return {
        "satisfaction_gain": figures["satisfaction_edge"] / figures["satisfaction_scalar"] - 1,
        "worst_gain": figures["satisfaction_worst_edge"] / figures["satisfaction_worst_scalar"] - 1,
        "ambiguous_recall_gain": figures["recall_edge"] / figures["recall_scalar"] - 1,
        "error_change": figures["error_asked_edge"] / figures["error_edge"] - 1,
        "error_change_vs_scalar": figures["error_asked_edge"] / figures["error_asked_scalar"] - 1,
        "accuracy_change": figures["accuracy_edge"] - figures["accuracy_scalar"],
    }


def bias_figures(scores: Floats, chosen: Ints, posts: Posts, weights: Floats) -> dict[str, float]:
    """Whether the minority's scores differ on an edge (Δ, found) and whether the scalar total shows it."""
    taken = scores[np.arange(len(chosen)), chosen]
    labels = ["minority" if one else "majority" for one in posts.minority]
    found = discrepancy.differences(taken, taken @ weights, labels, posts.community, EDGES)
    minority = {d.edge: d for d in found if d.group == "minority"}
    planted = minority[world.BIAS_EDGE]
    return {
        "bias_delta": planted.delta,
        "bias_scalar_delta": planted.scalar_delta,
        "bias_found": float(planted.finding),
        "bias_hidden": float(planted.hidden),
        "bias_elsewhere": float(sum(d.finding for e, d in minority.items() if e != world.BIAS_EDGE)),
    }


def over_seeds(conflict: float, *, seeds: int = SEEDS, bias: float = world.BIAS) -> dict[str, Estimate]:
    """Each figure of ``one_seed`` with its interval."""
    runs = [one_seed(seed, conflict, bias=bias) for seed in range(seeds)]
    return {name: estimate([run[name] for run in runs]) for name in runs[0]}


def curve(*, seeds: int = SEEDS) -> dict[float, dict[str, Estimate]]:
    """The figures at each strength of conflict; 0 is the control without conflict."""
    return {strength: over_seeds(strength, seeds=seeds) for strength in STRENGTHS}
