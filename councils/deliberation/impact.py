"""What the suggested weights would have changed on the decisions already logged."""

import datetime as dt
import hashlib
import json
from typing import Any

from audits.replay import selectors as replay
from councils.deliberation.models import Proposal

WINDOW = dt.timedelta(days=30)


def statement(*, proposal: Proposal, at: dt.datetime) -> dict[str, Any] | None:
    """The impact of the suggestion on the last 30 days, JSON; None before there is a policy to compare with."""
    if proposal.policy_before is None:
        return None
    weights = {edge: points / 100 for edge, points in proposal.suggestion.items()}
    found = replay.impact(
        system=proposal.system,
        weights=weights,
        rule=proposal.policy_before.rule,
        tiers=proposal.policy_before.tiers,
        start=at - WINDOW,
        end=at,
    )
    return {**found, "start": (at - WINDOW).isoformat(), "end": at.isoformat()}


def digest(statement: dict[str, Any] | None) -> str | None:
    """SHA-256 of the statement as canonical JSON, for the log: proof that it was not changed after voting opened."""
    if statement is None:
        return None
    text = json.dumps(statement, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
