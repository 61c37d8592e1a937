"""Showing sealed values to a person: an act, for the people they are about may ask who has looked."""

import datetime as dt
from typing import Any

from audits.decisions import opening
from audits.decisions.models import Decision
from governance import trail
from governance.organisations.models import Person


@trail.act()
def disclose(*, decision: Decision, by: Person, at: dt.datetime) -> dict[str, dict[str, Any]]:
    """``{"salts": …, "values": …}`` by JSON pointer, and an entry in the organisation's log that ``by`` saw them."""
    found = opening.opened(system=decision.system, decision=decision)
    trail.record(
        "decision.opened",
        organisation=decision.system.organisation,
        by=by,
        at=at,
        subject=f"decision:{decision.uuid}",
        system_slug=decision.system.slug,
    )
    return found
