"""What the pages show of logs: rows made ready for templates."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from audits.ledger import confirmation, selectors, sentences, witness_client
from audits.ledger import events as entries_of_events
from audits.ledger.models import Checkpoint, Log, LoggedEvent
from governance.organisations.models import Organisation, Person

SCHEDULER = "scheduler"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class EventRow:
    """One event: what happened, when, through whom, and where it stands in the log."""

    index: int
    type: str
    at: dt.datetime
    sentence: str
    actor: str
    url: str


@dataclass(frozen=True)
class Confirmation:
    """What one outside witness says about a log: up to where, since when, and what stands in the way of more."""

    witness: str
    size: int | None
    at: dt.datetime | None
    problem: str | Promise
    alarming: bool


PROBLEMS: dict[str, str | Promise] = {
    witness_client.UNREACHABLE: _lazy("It cannot be reached at the moment; it is asked again and again."),
    witness_client.ASKED_TOO_OFTEN: _lazy("It wants to be asked less often; it is asked again later."),
    witness_client.FAILING: _lazy(
        "It fails when asked about this log; it is asked again, less and less often."
    ),
    witness_client.LOG_UNKNOWN: _lazy("It does not know this log: its operator has to list it."),
    witness_client.KEY_NOT_ACCEPTED: _lazy(
        "It does not accept this log's key: its operator has to list the key."
    ),
    witness_client.NOT_UNDERSTOOD: _lazy("Its answers do not follow the specification of witnesses."),
    witness_client.COSIGNATURE_WRONG: _lazy("It signed with another key than the one listed here."),
    witness_client.AHEAD: _lazy(
        "It has seen a longer log than this one: entries were removed here, or an old copy restored."
    ),
    witness_client.CONTRADICTION: _lazy("It has seen other entries than these: a history was rewritten."),
}


@dataclass(frozen=True)
class LogState:
    """One log: its size, what its latest checkpoint seals, and the Ed25519 key to check that with."""

    log: Log
    name: str
    url: str
    size: int
    checkpoint: Checkpoint | None
    vkey: str
    confirmations: Sequence[Confirmation]

    @property
    def root(self) -> str:
        """The root hash of the sealed state, in hexadecimal."""
        return bytes(self.checkpoint.root).hex() if self.checkpoint else ""


def name(log: Log) -> str:
    """What people call a log."""
    return log.system.name if log.system else _("Governance of %s") % log.organisation.name


def place(route: str, log: Log, *arguments: object) -> str:
    """The address of a page or file about a log."""
    return reverse(route, args=[log.organisation.slug, log.slug, *arguments])


def url_of(log: Log) -> str:
    """The address under which verifiers fetch the log: the C2SP prefix, without a slash at its end."""
    return settings.EDGEWISE_BASE_URL + place("log_checkpoint", log).removesuffix("/checkpoint")


def states(*, organisation: Organisation) -> list[LogState]:
    """Every log of the organisation, its own first."""
    return [
        LogState(
            log=log,
            name=name(log),
            url=url_of(log),
            size=log.head.size,
            checkpoint=selectors.latest_checkpoint(log=log),
            vkey=selectors.vkeys(log=log)[0],
            confirmations=[_confirmation(each) for each in confirmation.standings(log=log)],
        )
        for log in selectors.logs(organisation=organisation)
    ]


def _confirmation(standing: confirmation.Standing) -> Confirmation:
    problem = PROBLEMS.get(standing.problem, standing.problem)
    return Confirmation(standing.witness.name, standing.size, standing.at, problem, standing.alarming)


def rows(found: Sequence[LoggedEvent]) -> list[EventRow]:
    """Events of one log, with their sentences and the names of who acted."""
    if not found:
        return []
    log = found[0].log
    stored = selectors.entries_at(log=log, indexes=[event.index for event in found])
    entries = {index: entries_of_events.parse(entry) for index, entry in stored.items()}
    names = names_in(entries.values())
    return [
        EventRow(
            index=event.index,
            type=event.type,
            at=event.at,
            sentence=sentences.sentence(entries[event.index], names),
            actor=sentences.name_of(event.by, names),
            url=place("log_entry", log, event.index),
        )
        for event in found
    ]


def names_in(entries: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The names behind the pseudonyms in these entries: no name is ever in an entry, so they are looked up."""
    keys = set()
    for entry in entries:
        keys |= {
            entry.get("by", ""),
            entry.get("subject", ""),
            f"person:{entry.get('facts', {}).get('person')}",
        }
    ids = [key.removeprefix("person:") for key in keys if key.startswith("person:")]
    people = Person.objects.filter(pk__in=[int(each) for each in ids if each.isdecimal()])
    return {SCHEDULER: str(_("Edgewise itself"))} | {f"person:{person.pk}": str(person) for person in people}
