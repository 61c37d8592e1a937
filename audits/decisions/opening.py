"""Sealed values of decisions: whose key holds them, and opening them for those who may see them."""

import uuid
from collections.abc import Sequence
from typing import Any

import msgspec

from audits.decisions.models import Decision
from audits.ledger import sealing
from audits.ledger import selectors as ledger
from governance.systems.models import AISystem

Receipt = tuple[bytes, dict[str, str]]  # entry, salts


def reference(system: AISystem, subject: str | None) -> str:
    """Whose key a record's sealed values lie under."""
    return sealing.of_subject(subject) if subject else sealing.of_system(system)


def bound_to(system: AISystem, identity: uuid.UUID | str) -> bytes:
    """Ties a blob to its record, so that two cannot be exchanged."""
    return f"decision {system.pk} {identity}".encode()


def opened(*, system: AISystem, decision: Decision) -> dict[str, dict[str, Any]]:
    """``{"salts": …, "values": …}`` of a decision by JSON pointer; both empty once erased."""
    if decision.sealed is None or decision.data_key is None or decision.data_key.wrapped is None:
        return {"salts": {}, "values": {}}
    secrets = sealing.decrypt(
        decision.data_key, bytes(decision.sealed), bound_to=bound_to(system, decision.uuid)
    )
    found: dict[str, dict[str, Any]] = msgspec.json.decode(secrets)
    return found


def receipts(*, system: AISystem, indexes: Sequence[int]) -> dict[int, Receipt]:
    """Entry and salts of decisions that are in the log."""
    log = ledger.log_of(organisation=system.organisation, system=system)
    if log is None:
        return {}
    entries = ledger.entries_at(log=log, indexes=indexes)
    found = Decision.objects.filter(system=system, index__in=indexes).select_related("data_key")
    return {
        decision.index: (entries[decision.index], opened(system=system, decision=decision)["salts"])
        for decision in found
    }
