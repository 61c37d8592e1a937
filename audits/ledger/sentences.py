"""What an event of the audit trail says, in one sentence for people.

The table holds the events whose name alone would not tell enough; every other event reads as its type and its subject.
A template may use the event's facts and ``{subject}``; one that asks for a fact the entry lacks falls back likewise.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "organisation.founded": _("The organisation was founded on this platform"),
    "organisation.log_visibility_set": _("Who may read the organisation's logs was changed"),
    "system.registered": _("AI system {subject} was registered, risk class {risk_class}"),
    "model_version.added": _("Model version {subject} was added"),
    "edges.defined": _("Edges were defined: version {version}"),
    "hard_norm.set": _("A hard norm was set on {subject}"),
    "policy.enacted": _("Policy version {version} takes effect for {system}"),
    "role.given": _("{subject} was given the role {role}"),
    "role.withdrawn": _("{subject} lost the role {role}"),
    "api_key.created": _("An API key was created for {system_slug}"),
    "api_key.revoked": _("API key {subject} was revoked"),
    "personal_token.created": _("A personal token was created"),
    "personal_token.revoked": _("A personal token was revoked"),
    "council.chartered": _("Council {subject} was chartered"),
    "seat.taken": _("A seat was taken: {subject}"),
    "seat.left": _("A seat was left: {subject}"),
    "report.requested": _("Report {reference} was asked for"),
    "report.rendering": _("Report {reference} is being made"),
    "report.finished": _("Report {reference} was finished, SHA-256 {sha256}"),
    "report.failed": _("Report {reference} could not be made"),
    "report.downloaded": _("Report {reference} was downloaded"),
    "card.drafted": _("Model card {card} {version} was begun"),
    "card.edited": _("The text of model card {card} {version} was changed"),
    "card.approved": _("Model card {card} {version} was approved and its figures frozen"),
    "card.rendered": _("Model card {card} {version} was laid out, SHA-256 {sha256}"),
    "card.published": _("Model card {card} {version} was published, SHA-256 {sha256}"),
    "evaluation.recorded": _("An evaluation result was recorded: {suite}, {metric}"),
    "evaluation.signed": _("An evaluation result was signed: {suite}, {metric}"),
    "reason.given": _("A reason was given on {subject}"),
    "ballot.cast": _("A ballot was cast on {subject}"),
    "decision": _("A decision was logged"),
}


def sentence(entry: Mapping[str, Any]) -> str:
    """The sentence of a parsed entry."""
    kind, subject = str(entry.get("type", "")), name_of(str(entry.get("subject", "")))
    template = SENTENCES.get(kind)
    if template is not None:
        try:
            return str(template).format(**{**entry.get("facts", {}), "subject": subject})
        except (KeyError, IndexError, ValueError):
            pass
    words = kind.replace(".", " ").replace("_", " ").capitalize()
    return f"{words}: {subject}" if subject else words


def name_of(subject: str) -> str:
    """A subject without its kind where the kind says nothing more: ``system:moderation`` reads ``moderation``."""
    kind, found, name = subject.partition(":")
    return (
        name
        if found and kind in {"system", "council", "version", "edge", "organisation"}
        else subject.replace(":", " ")
    )
