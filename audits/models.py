"""Gathers the nouns' models for Django."""

from audits.decisions.models import (
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
    Tile,
)
from audits.protection.models import Erasure, Hold, Retention
from audits.reports.models import Report
from audits.witnessing.models import WitnessedLog

__all__ = [
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
    "Posting",
    "Published",
    "Report",
    "Retention",
    "SealedFacts",
    "Segment",
    "Tile",
    "WitnessedLog",
]
