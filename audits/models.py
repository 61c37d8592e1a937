"""Gathers the nouns' models for Django."""

from audits.decisions.models import Assessment, Cursor, Decision, DecisionId, Feedback, Finding, Segment
from audits.ledger.models import (
    Checkpoint,
    DataKey,
    Entry,
    Head,
    Log,
    LoggedEvent,
    Published,
    SealedFacts,
    Tile,
)
from audits.reports.models import Report

__all__ = [
    "Assessment",
    "Checkpoint",
    "Cursor",
    "DataKey",
    "Decision",
    "DecisionId",
    "Entry",
    "Feedback",
    "Finding",
    "Head",
    "Log",
    "LoggedEvent",
    "Published",
    "Report",
    "SealedFacts",
    "Segment",
    "Tile",
]
