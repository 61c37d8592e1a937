"""What an independent scorer is asked, and reading what it answers. The shape is documented in docs/rescoring.md.

It never gets the model's own scores, the option chosen, the subject, the rationale or anybody's weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.module_loading import import_string
from edgewise import scorers

from audits.ledger import sealing
from audits.rescoring import routes, webhooks

SCHEMA = "edgewise.rescore/1"
Scores = dict[str, dict[str, float | None]]


@dataclass(frozen=True, slots=True)
class Case:
    """One decision as the scorer gets it: ``text`` and ``labels`` are None where they are not disclosed.

    What was ``reported``, and the ``rate`` at which the model logs, it does not get.
    """

    identity: str
    index: int
    context: Mapping[str, str]
    options: tuple[str, ...]
    reported: Mapping[str, Mapping[str, float | None]]
    text: str | None
    labels: Mapping[str, str] | None
    rate: float = 1.0

    def message(self) -> dict[str, Any]:
        """Its part of the request."""
        options: list[dict[str, str]] = [{"id": option} for option in self.options]
        for option in options:
            if self.labels and option["id"] in self.labels:
                option["label"] = self.labels[option["id"]]
        told: dict[str, Any] = {"id": self.identity, "context": dict(self.context), "options": options}
        return told if self.text is None else told | {"text": self.text}


def ask(
    *, route: str, scorer: str, edges: Sequence[str], cases: Sequence[Case], identity: str, timestamp: int
) -> dict[str, Scores]:
    """{decision: {option: {edge: score or None}}}, complete; raises Unanswered."""
    found = routes.target(route)
    if not routes.is_webhook(found):
        return {case.identity: _in_process(found, scorer, edges, case) for case in cases}
    message = {
        "type": SCHEMA,
        "scorer": scorer,
        "edges": list(edges),
        "decisions": [case.message() for case in cases],
    }
    answer = webhooks.post(
        url=found, secret=secret(route), identity=identity, timestamp=timestamp, message=message
    )
    return _read(answer, scorer, edges, cases)


def secret(route: str) -> bytes:
    """The secret that signs requests on a route: derived from the deployment's key, different for each."""
    return sealing.keyed_digest("rescorer webhook", route.encode())


def _in_process(path: str, name: str, edges: Sequence[str], case: Case) -> Scores:
    scorer: scorers.Scorer = import_string(path)
    if scorer.name != name:
        raise webhooks.Unanswered(f"{path} is {scorer.name}, not {name}.")
    labels = case.labels or {}
    answers = scorer.score(case.text or "", [labels.get(option, option) for option in case.options])
    given = {
        option: {edge: found.score for edge, found in answer.items()}
        for option, answer in zip(case.options, answers, strict=True)
    }
    return _complete(given, edges, case)


def _read(answer: Any, scorer: str, edges: Sequence[str], cases: Sequence[Case]) -> dict[str, Scores]:
    if not isinstance(answer, dict) or not isinstance(answer.get("decisions"), dict):
        raise webhooks.Unanswered("The answer has no object 'decisions'.")
    if answer.get("scorer") != scorer:
        raise webhooks.Unanswered(f"The answer comes from {answer.get('scorer')!r}, not from {scorer}.")
    given = answer["decisions"]
    return {case.identity: _complete(given.get(case.identity), edges, case) for case in cases}


def _complete(given: Any, edges: Sequence[str], case: Case) -> Scores:
    """Every option and edge asked for, each a score from 0 to 1 or null; nothing else is taken."""
    found: Scores = {}
    for option in case.options:
        answered = given.get(option) if isinstance(given, dict) else None
        if not isinstance(answered, dict):
            raise webhooks.Unanswered(f"The answer lacks option {option} of decision {case.identity}.")
        found[option] = {edge: _score(answered, edge, option) for edge in edges}
    return found


def _score(answered: dict[str, Any], edge: str, option: str) -> float | None:
    if edge not in answered:
        raise webhooks.Unanswered(
            f"The answer lacks the edge {edge} of option {option}; null says: not scored."
        )
    score = answered[edge]
    if score is None:
        return None
    number = isinstance(score, int | float) and not isinstance(score, bool)
    if not number or not 0 <= score <= 1:
        raise webhooks.Unanswered(f"{score!r} on {edge} of option {option} is no score from 0 to 1.")
    return float(score)
