"""The plan of the built-in world: its posts, its two models as first released, its members' ballots."""

from fractions import Fraction

import numpy as np

from demo import measuring, models, world
from demo.material import Material
from demo.scenario import CouncilPlan, Scenario, SystemPlan, exact, points
from demo.world import COMMUNITIES, EDGES, OPTIONS, Floats, Panel, Posts
from governance.edges.services import EdgeCard

SEED = 2026
POSTS = 10_000
MEMBERS = 5
# How alike members of one community vote: a Dirichlet's total weight around the community's norms.
LIKENESS = 50.0
PURPOSE = (
    "Decides what happens to a reported post on a platform of six communities: allow, label, limit or remove. "
    "Simulated posts only."
)

# slug: name, definition, anchors at 0, ½ and 1
CARDS: dict[str, tuple[str, str, str, str, str]] = {
    "safety": (
        "Safety",
        "Nobody comes to harm through the post.",
        "A serious threat stays up unchanged.",
        "The threat reaches far fewer people.",
        "No threat, or none that anybody still sees.",
    ),
    "fairness": (
        "Fairness",
        "No group is attacked or treated worse than others.",
        "A group is attacked and the attack stands.",
        "The attack is marked or reaches few.",
        "No group is worse off.",
    ),
    "privacy": (
        "Privacy",
        "Nobody's personal data are exposed against their will.",
        "Personal data stay open to everybody.",
        "Personal data reach few people.",
        "No personal data are exposed.",
    ),
    "truthfulness": (
        "Truthfulness",
        "Readers are not misled about facts.",
        "A false claim stands without a word.",
        "The claim reaches few, or is partly put right.",
        "Nothing misleading stands unmarked.",
    ),
    "expression": (
        "Expression",
        "People may say what they have to say.",
        "Something worth saying is taken away.",
        "It can be read, with obstacles.",
        "It can be read by all it is meant for.",
    ),
    "culture": (
        "Cultural relevance",
        "What has a meaning of its own in a community is read as that community reads it.",
        "It is taken away because outsiders misread it.",
        "It is kept with a mark that misses its meaning.",
        "It stands as the community means it.",
    ),
}
REASONS = (
    ("", "The weights in force were set by the owner alone. Members know what their communities live with."),
    ("safety", "A threat that stays up is not made good by a rule that works on average."),
    (
        "expression",
        "Removing is the one decision that nobody can read around. It should weigh what it takes away.",
    ),
    ("truthfulness", "A label often serves truth without silencing anybody."),
)


def plan(*, posts: int = POSTS, seed: int = SEED) -> Scenario:
    """The scenario, the same for the same seed."""
    rng = np.random.default_rng(seed)
    norms = world.norms(world.CONFLICT)
    past, now = world.draw_posts(measuring.FIT_ON, rng), world.draw_posts(posts, rng)
    taught, panel = world.ask_panel(past, norms, rng), world.ask_panel(now, norms, rng)
    weights = models.fit_scalar(taught)[0]
    settles = rng.random(posts) < measuring.SETTLES
    uniform = {edge: Fraction(1, len(EDGES)) for edge in EDGES}
    exact_weights = exact(weights, EDGES)
    shown = world.biased(panel.scores, now.minority, np.array([float(w) for w in exact_weights.values()]))
    return Scenario(
        name="world",
        organisation="demo",
        organisation_name="Demo organisation",
        context_key="community",
        places=COMMUNITIES,
        options=OPTIONS,
        edges=cards(),
        norm=(world.NORM_EDGE, str(world.NORM_MINIMUM), "A serious threat must not stay up as it is."),
        scalar=SystemPlan(
            "scalar-baseline",
            "Scalar baseline",
            PURPOSE + " One reward for all communities, fitted on pooled labels.",
            exact_weights,
            material(now, panel, shown.round(6), settles),
        ),
        edge_aware=SystemPlan(
            "edge-aware",
            "Edge-aware moderator",
            PURPOSE + " Follows the policy in force for the post's community, and asks when unsure.",
            uniform,
            material(now, panel, panel.scores, settles),
        ),
        threshold=threshold(taught),
        ballots=ballots(norms, rng),
        reasons=REASONS,
        council=CouncilPlan(
            "platform-council",
            "Platform council",
            "Sets the weights of the edges for all communities together. Mandate: the demo organisation's owner.",
            "Weights for the whole platform",
            COMMUNITIES,
        ),
        own_councils=tuple(_own(name) for name in COMMUNITIES),
        facts={"posts": now, "norms": norms},
    )


def _own(community: str) -> CouncilPlan:
    return CouncilPlan(
        f"{community}-council",
        f"Council of {community}",
        f"Sets the weights for decisions in the community {community}. Mandate: the platform council.",
        f"Weights for {community}",
        (community,),
        {"community": community},
    )


def cards() -> tuple[EdgeCard, ...]:
    """The edge cards."""
    return tuple(
        EdgeCard(
            slug=slug,
            name=name,
            definition=definition,
            anchor_low=low,
            anchor_mid=mid,
            anchor_high=high,
            scorer="simulated-panel@1",
            calibration="Mean of five simulated annotators of the community; uncertainty: their standard deviation.",
        )
        for slug, (name, definition, low, mid, high) in CARDS.items()
    )


def material(posts: Posts, panel: Panel, scores: Floats, settles: np.ndarray) -> Material:
    """What a model sees; a settled question shows the true scores."""
    return Material(scores, panel.sd, posts.community, posts.minority, posts.truth.round(6), settles)


def threshold(taught: Panel) -> float:
    """The confidence below which a fifth of the posts it was taught on lie, under equal weights."""
    weights = np.full(len(EDGES), 1 / len(EDGES))
    confidence = models.answer(taught.scores, taught.sd, weights).confidence
    return round(float(np.quantile(confidence, measuring.ASK_SHARE)), 2)


def ballots(norms: Floats, rng: np.random.Generator) -> dict[str, list[dict[str, int]]]:
    """Each member's points: their community's norms as this person sees them, in steps of five."""
    return {
        name: [points(rng.dirichlet(norms[c] * LIKENESS), EDGES) for _ in range(MEMBERS)]
        for c, name in enumerate(COMMUNITIES)
    }
