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
    "log.key_rotated": _("The log {subject} is signed by a new key as well"),
    "log.key_retired": _("The log {subject} is signed by its new key alone"),
    "system.registered": _("AI system {subject} was registered, risk class {risk_class}"),
    "model_version.added": _("Model version {subject} was added"),
    "edges.defined": _("Edges were defined: {subject}"),
    "hard_norm.set": _("A hard norm was set: {subject} at least {minimum}"),
    "hard_norm.withdrawn": _("A hard norm was withdrawn: {subject}"),
    "policy.enacted": _("Policy {subject} takes effect"),
    "role.given": _("{subject} was given the role {role}"),
    "role.withdrawn": _("{subject} lost the role {role}"),
    "api_key.created": _("An API key was created for {system_slug}"),
    "api_key.revoked": _("{subject} of the API was revoked"),
    "personal_token.created": _("A personal token was created"),
    "personal_token.revoked": _("A personal token was revoked"),
    "council.chartered": _("Council {subject} was chartered"),
    "seat.taken": _("{person} took a seat for {constituency} in council {subject}"),
    "seat.left": _("{person} left a seat for {constituency} in council {subject}"),
    "proposal.made": _("A proposal was made to council {council}: {subject}"),
    "deliberation.opened": _("Deliberation opened on {subject}"),
    "voting.opened": _("Voting opened on {subject}"),
    "voting.extended": _("Voting on {subject} was extended"),
    "reason.given": _("A reason was given on {subject}"),
    "reason.hidden": _("A reason on {subject} was hidden by moderation"),
    "ballot.cast": _("A ballot was cast on {subject}"),
    "ballot.root": _("The ballots on {subject} were sealed"),
    "minority_report.filed": _("{constituency} filed a minority report on {subject}"),
    "proposal.passed": _("{subject} passed; its waiting period begins"),
    "proposal.rejected": _("{subject} was rejected"),
    "proposal.enacted": _("{subject} takes effect"),
    "proposal.expired": _("{subject} expired"),
    "proposal.vetoed": _("{subject} was vetoed"),
    "proposal.withdrawn": _("{subject} was withdrawn"),
    "finding.opened": _("A finding was opened: {verdict}"),
    "decision.opened": _("Sealed values of a decision were opened: {subject}"),
    "entry.opened": _("What {subject} of the log {log} seals was opened"),
    "rescorer.appointed": _("{scorer} scores {subject} again from now on"),
    "rescorer.withdrawn": _("{scorer} no longer scores {subject} again"),
    "decisions.sent_to_scorer": _("Decisions of {system_slug} were sent to {subject}"),
    "decisions.scored_again": _("{decisions} decisions were scored again on {subject} by {scorer}"),
    "records.lost": _("The model reports {total} decisions that never reached the log, {more} of them new"),
    "feedback.received": _("Feedback came in on a decision"),
    "deployment_key.rotated": _("Personal data were put under a new key of the deployment"),
    "policy_key.rotated": _("A new key signs policies beside the old one, which announces it"),
    "policy_key.retired": _("The old key of policies was put away"),
    "deployment_key.retired": _("The old key of the deployment was put away"),
    "erasure.requested": _("The erasure of a person's data was asked for: {subject}, due {due}"),
    "erasure.held": _("{subject} waits for a legal hold"),
    "erasure.executed": _("{subject} was executed: {records} records"),
    "erasure.replayed": _("An erasure was repeated after a restore: {records} records"),
    "erasure": _("Personal data of {records} records were erased"),
    "legal_hold.placed": _("A legal hold was placed: {subject}"),
    "legal_hold.lifted": _("A legal hold was lifted: {subject}"),
    "retention.set": _("How long payloads of {subject} are kept was set"),
    "retention.expired": _("Payloads of {records} records expired, entries {first_entry} to {last_entry}"),
    "report.erased": _("{subject} was erased with the personal data it showed"),
    "report.requested": _("A report was requested: {subject}"),
    "report.finished": _("{subject} was finished, SHA-256 {sha256}"),
    "report.downloaded": _("{subject} was downloaded"),
    "card.published": _("Model card {card}, version {version}, was published"),
    "card.approved": _("Model card {card}, version {version}, was approved"),
    "decision": _("A decision was logged"),
}
VERDICTS: dict[str, str | Promise] = {
    "missed_clarification": _("Answered while unsure, without asking"),
    "norm_violation": _("Broke a hard norm"),
    "outside_bounds": _("Personal weights outside the bounds"),
    "partial": _("Scores were missing"),
    "stale_policy": _("Applied a policy no longer in force"),
    "unexplained": _("No rationale where one is asked for"),
    "wrong_choice": _("Did not choose the best option"),
    "wrong_policy": _("Applied the wrong policy"),
}
PLAIN = frozenset({"system", "council", "version", "edge", "norm", "organisation", "policy"})


def sentence(entry: Mapping[str, Any], names: Mapping[str, str] | None = None) -> str:
    """The sentence of a parsed entry. `names` tells what to call ``person:7`` and the like."""
    kind, subject = str(entry.get("type", "")), name_of(str(entry.get("subject", "")), names)
    template = SENTENCES.get(kind)
    if template is not None:
        facts = dict(entry.get("facts", {}))
        if subject:
            facts["subject"] = subject
        if "person" in facts:
            facts["person"] = name_of(f"person:{facts['person']}", names)
        if "verdict" in facts:
            facts["verdict"] = VERDICTS.get(str(facts["verdict"]), facts["verdict"])
        try:
            return _start(str(template).format(**facts))
        except (KeyError, IndexError, ValueError):
            pass
    words = _start(kind.replace(".", " ").replace("_", " "))
    return f"{words}: {subject}" if subject else words


def name_of(key: str, names: Mapping[str, str] | None = None) -> str:
    """What to call a subject or an actor: a name known, else the key, without a kind that says nothing more."""
    if names and key in names:
        return names[key]
    kind, found, name = key.partition(":")
    return name if found and kind in PLAIN else key.replace(":", " ")


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]
