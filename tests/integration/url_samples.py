"""For every URL with parameters, how to fill them so that the address names something of a given organisation.

A new page that takes a parameter fails the matrix until it has a sample here.
"""

from collections.abc import Callable
from typing import Any

from audits.ledger import selectors as ledger
from tests.integration.two_houses import House

Sample = Callable[[House], dict[str, Any]]


def _system(house: House) -> dict[str, Any]:
    return {"slug": house.system.slug}


def _log(house: House) -> dict[str, Any]:
    return {"organisation": house.organisation.slug, "log": house.system.slug}


def _sealed_entry(house: House) -> dict[str, Any]:
    """A legal hold's, which seals its reason."""
    events = ledger.events(organisation=house.organisation, type="legal_hold.placed")
    return {"organisation": house.organisation.slug, "log": "_org", "index": events[0].index}


def _proposal(house: House) -> dict[str, Any]:
    return {"id": house.above.proposal.pk}


def _decision(house: House) -> dict[str, Any]:
    return {"identity": house.above.decision}


def _finding(house: House) -> dict[str, Any]:
    return {"pk": house.above.finding.pk}


def _council(house: House) -> dict[str, Any]:
    return {"slug": house.above.council.slug}


def _report(house: House) -> dict[str, Any]:
    return {"id": house.above.report.pk}


def _card(house: House) -> dict[str, Any]:
    return {"slug": house.above.card.card.slug}


SAMPLES: dict[str, Sample] = {
    "system": _system,
    "new_version": _system,
    "edges": _system,
    "define_edges": _system,
    "new_norm": _system,
    "withdraw_norm": _system,
    "policy": _system,
    "first_policy": _system,
    "policy_version": lambda house: {"slug": house.system.slug, "version": 1},
    "keys": _system,
    "revoke_key": lambda house: {"slug": house.system.slug, "key_id": house.key.pk},
    "revoke_token": lambda house: {"token_id": house.token.pk},
    "act_for": lambda house: {"slug": house.organisation.slug},
    "log_checkpoint": _log,
    "log_policy": _log,
    "log_tile": lambda house: _log(house) | {"path": "0/000.p/1"},
    "log_entry": lambda house: _log(house) | {"index": 0},
    "log_receipt": lambda house: _log(house) | {"index": 0},
    "job": lambda house: {"job_id": house.job.pk},
    "decides": _system,
    "rescoring": _system,
    "withdraw_rescorer": _system,
    "send_rescores_again": lambda house: _system(house) | {"job_id": house.job.pk},
    "log_bundle": lambda house: _log(house) | {"path": "000.p/1"},
    "decision": _decision,
    "decision_receipt": _decision,
    "decision_entry": _decision,
    "finding": _finding,
    "assign_finding": _finding,
    "close_finding": _finding,
    "report": _report,
    "report_download": _report,
    "verify": _report,
    "request_minutes": lambda house: {"subject": str(house.above.proposal.pk)},
    "request_explanation": lambda house: {"subject": str(house.above.decision)},
    "lift_hold": lambda house: {"pk": house.above.hold.pk},
    "set_retention": _system,
    "api:lift_hold": lambda house: {"pk": house.above.hold.pk},
    "api:erasure": lambda house: {"pk": house.above.erasure.pk},
    "api:retention": _system,
    "council": _council,
    "take_seat": _council,
    "leave_seat": lambda house: _council(house) | {"id": house.above.seat.pk},
    "proposal": _proposal,
    "open_deliberation": _proposal,
    "withdraw_proposal": _proposal,
    "deliberation": _proposal,
    "hide_reason": lambda house: {"id": house.above.reason.pk},
    "ballot": _proposal,
    "ballot_receipt": _proposal,
    "stand_aside": _proposal,
    "veto": _proposal,
    "results": _proposal,
    "outcome": _proposal,
    "ballots_bundle": _proposal,
    "minority_report": _proposal,
    "card": _card,
    "card_draft": _card,
    "card_preview": _card,
    "card_approve": _card,
    "card_publish": _card,
    "card_version": lambda house: _card(house) | {"number": "1.0.0"},
    "card_export": lambda house: _card(house) | {"number": "1.0.0", "form": "card.json"},
    "api:system": _system,
    "api:model_card": _card,
    "api:model_card_document": _card,
    "api:evaluation_signature": lambda house: {"id": house.above.evaluation.pk},
    "api:council": _council,
    "api:proposal": _proposal,
    "api:results": _proposal,
    "api:losses": _system,
    "api:opened_entry": _sealed_entry,
    "api:decision": _decision,
    "api:decision_proof": _decision,
    "api:decision_explanation": _decision,
    "api:decision_feedback": _decision,
    "api:report": _report,
    "api:report_file": _report,
}

# Endpoints that name what they are about in the query.
QUERIES: dict[str, Sample] = {
    "api:edges": lambda house: {"system": house.system.slug},
    "api:rescorers": lambda house: {"system": house.system.slug},
    "api:withdraw_rescorer": lambda house: {"system": house.system.slug},
    "api:policies": lambda house: {"system": house.system.slug},
}

# What belongs to one person of the house: to everybody else it does not exist. By role of that person.
PERSONAL = {"revoke_token": "member"}

# What begins to be there later than in these houses: those who may see it find nothing yet.
NOT_YET = frozenset(
    {"ballots_bundle", "request_minutes", "send_rescores_again", "api:model_card_document", "api:results"}
)

# Pages whose forms ask for more than their reading does.
WRITING_NEEDS = {"deliberation": "take_part", "rescoring": "manage_edges"}
