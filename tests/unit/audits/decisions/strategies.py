"""Decisions and policies as Hypothesis generates them."""

from hypothesis import strategies as st

from audits.decisions.attribution import Policy

EDGES = ("a", "b", "c", "d")
scores = st.integers(0, 1000).map(lambda n: n / 1000)
deviations = st.integers(0, 50).map(lambda n: n / 100)


def options(*, least=2, most=5, sd=deviations):
    def named(rows):
        return [
            {
                "id": f"o{number}",
                "edges": dict(zip(EDGES, row, strict=True)),
                "uncertainty": dict(zip(EDGES, sds, strict=True)),
            }
            for number, (row, sds) in enumerate(rows)
        ]

    row = st.tuples(st.tuples(*[scores] * len(EDGES)), st.tuples(*[sd] * len(EDGES)))
    return st.lists(row, min_size=least, max_size=most).map(named)


weights = (
    st.tuples(*[st.integers(0, 20)] * len(EDGES))
    .filter(any)
    .map(lambda parts: {edge: part / sum(parts) for edge, part in zip(EDGES, parts, strict=True)})
)
norms = st.lists(
    st.fixed_dictionaries(
        {"edge": st.sampled_from(EDGES), "minimum": scores, "z": st.sampled_from([0, 1.64])}
    ),
    max_size=2,
)
tiers = st.tuples(st.sampled_from([0.0, 0.05, 0.2]), st.integers(1, len(EDGES) - 1)).map(
    lambda t: ({"edges": EDGES[: t[1]], "tolerance": t[0]}, {"edges": EDGES[t[1] :], "tolerance": 0.0})
)
rules = st.sampled_from(["weighted_sum", "tchebycheff", "nash", "lexicographic"])


def policies(*, rule=rules, norms=norms):
    return st.builds(Policy, weights=weights, rule=rule, norms=norms, tiers=tiers)
