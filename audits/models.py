"""Gathers the nouns' models for Django."""

from audits.decisions.models import (
    Agreement,
    Assessment,
    Block,
    Cursor,
    Decision,
    DecisionId,
    Feedback,
    Finding,
    Posting,
    Segment,
)
from audits.ledger.models import (
    Checkpoint,
    Contact,
    Cosignature,
    DataKey,
    Entry,
    Head,
    LastingKey,
    Log,
    LoggedEvent,
    Published,
    SealedFacts,
    Served,
    Tile,
)
from audits.losses.models import LossReport
from audits.protection.models import Erasure, Hold, Retention
from audits.reports.models import Report
from audits.rescoring.models import Rescore, Rescorer
from audits.witnessing.models import WitnessedLog

__all__ = [
    "Agreement",
    "Assessment",
    "Block",
    "Checkpoint",
    "Contact",
    "Cosignature",
    "Cursor",
    "DataKey",
    "Decision",
    "DecisionId",
    "Entry",
    "Erasure",
    "Feedback",
    "Finding",
    "Head",
    "Hold",
    "LastingKey",
    "Log",
    "LoggedEvent",
    "LossReport",
    "Posting",
    "Published",
    "Report",
    "Rescore",
    "Rescorer",
    "Retention",
    "SealedFacts",
    "Segment",
    "Served",
    "Tile",
    "WitnessedLog",
]
