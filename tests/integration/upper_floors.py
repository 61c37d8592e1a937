"""What the floors above the ground add to a house: a logged decision, a finding, a vote, a report, a card."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass

from audits.decisions import services as decisions
from audits.decisions.models import Finding
from audits.ledger import sealing
from audits.protection import erasing, holding
from audits.protection.models import Erasure, Hold
from audits.reports import services as reports
from audits.reports.models import Report
from councils.deliberation import services as deliberation
from councils.deliberation.models import Proposal, Reason
from councils.membership import services as membership
from councils.membership.models import Council, Seat
from councils.voting import lifecycle
from governance.organisations.models import Organisation, Person
from governance.systems.models import AISystem
from modelcards.cards import services as cards
from modelcards.cards.models import CardVersion
from modelcards.evaluations import services as evaluations
from modelcards.evaluations.models import EvaluationResult

HOUR = 3600
POINTS = {"safety": 40, "privacy": 30, "expression": 30}


@dataclass
class UpperFloors:
    decision: uuid.UUID
    finding: Finding
    council: Council
    seat: Seat
    proposal: Proposal
    reason: Reason
    report: Report
    card: CardVersion
    evaluation: EvaluationResult
    hold: Hold
    erasure: Erasure


def build(
    *, organisation: Organisation, people: dict[str, Person], system: AISystem, at: dt.datetime
) -> UpperFloors:
    """One of each; the proposal is open for votes."""
    council, seat = _council(organisation, people, system, at)
    proposal = deliberation.propose(
        council=council,
        system=system,
        title="More room",
        summary="Moves points.",
        suggestion=POINTS,
        by=people["chair"],
        at=at,
    )
    deliberation.open_deliberation(proposal=proposal, by=people["chair"], at=at)
    reason = deliberation.add_reason(proposal=proposal, text="Because.", by=people["member"], at=at)
    proposal = lifecycle.open_voting(proposal=proposal, at=at + dt.timedelta(hours=1))
    report = reports.request(
        organisation=organisation,
        kind="compliance",
        system=system,
        start=at - dt.timedelta(days=30),
        end=at,
        frameworks=["eu-ai-act"],
        by=people["auditor"],
        at=at,
    )
    identity = _decision(system, at)
    finding = Finding.objects.create(
        system=system,
        verdict="wrong_choice",
        due_on=at.date(),
        decisions=1,
        first_index=0,
        last_index=0,
        opened_at=at,
    )
    card = cards.draft(system=system, by=people["owner"], at=at)
    evaluation = evaluations.record(
        system=system,
        suite="tests",
        metric="accuracy",
        value=0.5,
        data_sha256="ab" * 32,
        measured_at=at,
        by=people["owner"],
        at=at,
    )
    hold, erasure = _protected(organisation, people, at)
    return UpperFloors(
        identity, finding, council, seat, proposal, reason, report, card, evaluation, hold, erasure
    )


def _protected(
    organisation: Organisation, people: dict[str, Person], at: dt.datetime
) -> tuple[Hold, Erasure]:
    """A subject whose erasure waits for a hold."""
    sealing.data_keys(organisation=organisation, references=[sealing.of_subject("somebody")], at=at)
    admin = people["admin"]
    hold = holding.place(organisation=organisation, reference="somebody", reason="A case.", by=admin, at=at)
    return hold, erasing.request(organisation=organisation, reference="somebody", by=admin, at=at)


def _council(
    organisation: Organisation, people: dict[str, Person], system: AISystem, at: dt.datetime
) -> tuple[Council, Seat]:
    council = membership.charter(
        organisation=organisation,
        slug=f"{organisation.slug}-council",
        name="Council",
        mandate="Decides on the weights.",
        systems=[system],
        constituencies={"North": 2},
        deliberation_seconds=HOUR,
        voting_seconds=HOUR,
        timelock_seconds=HOUR,
        by=people["chair"],
        at=at,
    )
    group = council.constituencies.get()
    return council, membership.seat(constituency=group, person=people["member"], by=people["chair"], at=at)


def _decision(system: AISystem, at: dt.datetime) -> uuid.UUID:
    policy = system.policies.get()
    identity = uuid.uuid4()
    record = {
        "id": str(identity),
        "system": system.slug,
        "model_version": "1.0",
        "occurred_at": at.isoformat(),
        "context": {},
        "input": {"digest": "sha256:" + "ab" * 32},
        "policy": {"version": policy.version, "digest": policy.digest},
        "options": [
            {"id": name, "edges": dict.fromkeys(POINTS, score)} for name, score in (("a", 0.9), ("b", 0.1))
        ],
        "chosen": "a",
        "disposition": "answered",
    }
    (outcome,) = decisions.log(system=system, records=[json.dumps(record).encode()], at=at)
    assert outcome.status == "logged", outcome
    return identity
