"""Gathers the nouns' models for Django."""

from audits.ledger.models import Checkpoint, DataKey, Entry, Head, Log, LoggedEvent, Published, SealedFacts, Tile

__all__ = [
    "Checkpoint",
    "DataKey",
    "Entry",
    "Head",
    "Log",
    "LoggedEvent",
    "Published",
    "SealedFacts",
    "Tile",
]
