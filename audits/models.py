"""Gathers the nouns' models for Django."""

from audits.decisions.models import Assessment, Cursor, Decision, DecisionId, Feedback, Finding, Segment
from audits.ledger.models import (
    Checkpoint,
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

__all__ = [
    "Assessment",
    "Checkpoint",
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
    "Published",
    "Report",
    "Retention",
    "SealedFacts",
    "Segment",
    "Tile",
]
