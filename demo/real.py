"""The plan of a run on real judgements in CREHate's layout: five countries vote on how to weigh them."""

from fractions import Fraction
from pathlib import Path

import numpy as np

from demo import crehate
from demo.material import Material
from demo.scenario import CouncilPlan, Scenario, SystemPlan
from governance.edges.services import EdgeCard

PURPOSE = (
    "Decides what happens to a post that people of several countries judged: allow, limit or remove. "
    "Scores are derived from their votes (docs/demo.md)."
)
CARDS: dict[str, tuple[str, str, str, str, str]] = {
    "safety": (
        "Safety",
        "People are spared what they judge hateful.",
        "All judge it hateful and it stays up.",
        "Half of what they judge hateful reaches them.",
        "Nothing judged hateful reaches anybody.",
    ),
    "expression": (
        "Expression",
        "People may say what others do not judge hateful.",
        "Nobody judges it hateful and it is removed.",
        "Half of what is not hateful can be read.",
        "All that is not judged hateful can be read.",
    ),
    "local-fit": (
        "Local fit",
        "The decision is the one that raters of the country it is made for would take.",
        "None of the country's raters would take it.",
        "Half of them would.",
        "All of them would.",
    ),
    "even-handedness": (
        "Even-handedness",
        "The decision suits the countries alike.",
        "One country is wholly satisfied, another not at all.",
        "Half of the scale lies between them.",
        "All are satisfied alike.",
    ),
}
REASONS = (
    ("", "The same post is judged differently in different countries; so far only the pooled share counted."),
    ("local-fit", "Who lives with the decision should recognise their own judgement in it."),
    ("even-handedness", "A rule that always suits the same country is not a common rule."),
)


def plan(folder: Path) -> Scenario:
    """The scenario for the data set in ``folder``."""
    judgements = crehate.load(folder)
    scores, sd = crehate.scores(judgements)
    n = len(judgements.posts)
    country = crehate.country_of_posts(judgements)
    material = Material(scores, sd, country, np.zeros(n, dtype=bool), scores, np.zeros(n, dtype=bool))
    pooled = {"safety": Fraction(1, 2), "expression": Fraction(1, 2), "local-fit": Fraction(0)}
    pooled["even-handedness"] = Fraction(0)
    name = folder.name.lower().replace("_", "-")
    return Scenario(
        name=name,
        organisation=name,
        organisation_name=f"Demo organisation ({folder.name})",
        context_key="country",
        places=judgements.countries,
        options=crehate.OPTIONS,
        edges=cards(),
        norm=("safety", "0.1", "What nine in ten raters call hateful must not stay up as it is."),
        scalar=SystemPlan(
            f"{name}-scalar", "Scalar baseline", PURPOSE + " The pooled majority decides.", pooled, material
        ),
        edge_aware=SystemPlan(
            f"{name}-edge-aware",
            "Edge-aware moderator",
            PURPOSE + " Weighs the edges as its council votes.",
            pooled,
            material,
        ),
        threshold=None,
        ballots={c: [crehate.ballot(rate) for rate in rates] for c, rates in judgements.rates.items()},
        reasons=REASONS,
        council=CouncilPlan(
            f"{name}-council",
            "Council of five countries" if len(judgements.countries) == 5 else "Council of countries",
            "Sets the weights of the edges for all countries together. Mandate: the demo organisation's owner.",
            "How to weigh what raters of several countries say",
            judgements.countries,
        ),
        own_councils=(),
        facts={"judgements": judgements},
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
            scorer="votes-of-raters@1",
            calibration="Shares of real raters' votes; uncertainty is the binomial standard error.",
        )
        for slug, (name, definition, low, mid, high) in CARDS.items()
    )
