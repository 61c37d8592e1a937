"""Showing what an event seals to a person: an act, for those who wrote it may ask who has looked."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from edgewise import merkle

from audits.ledger import events as entries_of_events
from audits.ledger import sealing, selectors
from audits.ledger.models import Log
from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Person

# Who voted how is told to nobody: an open ballot's entry names the voter, and the count publishes no names.
NEVER_OPENED = frozenset({"ballot.cast"})


class NothingSealed(DomainError):
    """The entry holds no sealed facts."""

    code = "nothing_sealed"
    status = 404


class NeverOpened(DomainError):
    """What the entry seals is shown to nobody."""

    code = "never_opened"
    status = 403


@dataclass(frozen=True)
class Opened:
    """An entry's bytes, and by JSON pointer (``/reason``) the values and salts (Base64) of what it seals."""

    entry: bytes
    values: dict[str, str]
    salts: dict[str, str]

    @property
    def leaf_hash(self) -> str:
        """Hex of SHA-256(0x00 ‖ entry)."""
        return merkle.leaf_hash(self.entry).hex()


@trail.act()
def disclose(*, log: Log, index: int, by: Person, at: dt.datetime) -> Opened:
    """The sealed facts of an event, and an entry in the organisation's log that ``by`` saw them.

    Raises NotInLog, NothingSealed, NeverOpened and Erased; nothing is shown, and nothing recorded.
    """
    entry = selectors.entry(log=log, index=index)
    parsed = entries_of_events.parse(entry)
    if not parsed.get("sealed"):
        raise NothingSealed(
            _("Entry %d seals no facts of an event; a decision has an address of its own.") % index
        )
    if not is_opened(parsed):
        raise NeverOpened(_("Ballots are opened to nobody: the count is published without names."))
    facts = selectors.opened(log=log, index=index)
    if not facts:
        raise sealing.erased()
    trail.record(
        "entry.opened", organisation=log.organisation, by=by, at=at, subject=f"entry:{index}", log=log.slug
    )
    return Opened(
        entry,
        values={f"/{name}": fact["value"] for name, fact in facts.items()},
        salts={f"/{name}": fact["salt"] for name, fact in facts.items()},
    )


def is_opened(parsed: dict[str, Any]) -> bool:
    """Whether an entry seals facts that those with the permission may see."""
    return bool(parsed.get("sealed")) and parsed["type"] not in NEVER_OPENED
