"""Rotating the key that signs the logs: the origin stays, the key changes, and the log itself says so.

Begun, every log has an entry `log.key_rotated` that names the old verifier keys and the new ones, and checkpoints carry
signatures by both, so that whoever trusts the old key reads there which key comes next. Finished, the old key signs no
more. A log whose keys changed twice says so twice.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from edgewise.strict_json import MalformedJSONError

from audits.ledger import events as entries_of_events
from audits.ledger import keys, selectors, signer
from audits.ledger.models import Log, LoggedEvent
from governance import trail
from governance.access import keyring
from governance.errors import DomainError

ROTATED = "log.key_rotated"
RETIRED = "log.key_retired"


class RotationNotBegun(DomainError):
    code = "rotation_not_begun"


class NewKeyNotInUse(DomainError):
    """A process that signs has not taken up the new key yet."""

    code = "new_key_not_in_use"


def begin(*, at: dt.datetime) -> list[str]:
    """Makes a new key unless one waits to be announced, and announces it in every log; returns their origins.

    Interrupted, it is finished by calling it again.
    """
    if not list(_unannounced()):
        keyring.add_generation("log", home=settings.EDGEWISE_HOME)
    announced = [_announce(log, at=at) for log in _unannounced()]
    signer.publish_all(at=at)
    return announced


def finish(*, at: dt.datetime) -> list[str]:
    """Puts the older keys out of use. Refused until every log is signed by the new.

    Returns the origins of the logs, and what to take out of the environment.
    """
    logs = list(_logs())
    if len(_generations()) < 2 or list(_unannounced()):
        raise RotationNotBegun(_("There is no old key to put away: run `manage.py rotate_key log` first."))
    for log in logs:
        found = selectors.latest_checkpoint(log=log)
        if found is None or not signer.is_signed_by(found.note, keys.newest_vkeys(log.origin)):
            raise NewKeyNotInUse(
                _("%s is not signed by the new key yet: restart every web process, and come back.")
                % log.origin
            )
    for log in logs:
        _record(RETIRED, log, at=at, kept=list(keys.newest_vkeys(log.origin)))
    variables = keyring.retire_generations("log", home=settings.EDGEWISE_HOME)
    signer.publish_all(at=at)
    unused = [_("%s is not read any more: take it out of the environment.") % name for name in variables]
    return [*(log.origin for log in logs), *unused]


def earlier_vkeys(log: Log, *, below: int) -> list[str]:
    """Verifier keys that the log's entries below index `below` name as its own at an earlier time.

    The rows tell where such entries may be; only the entries themselves are believed.
    """
    found = LoggedEvent.objects.filter(log=log, type=ROTATED, index__lt=below).order_by("index")
    entries = selectors.entries_at(log=log, indexes=list(found.values_list("index", flat=True)))
    stated = [event["facts"] for each in entries.values() if (event := _event(each)).get("type") == ROTATED]
    return [vkey for facts in stated for vkey in (*facts["old"], *facts["new"])]


def _event(entry: bytes) -> dict[str, Any]:
    """Empty for bytes that are no event."""
    try:
        event = entries_of_events.parse(entry)
    except MalformedJSONError:
        return {}
    return event if isinstance(event, dict) else {}


def _generations() -> tuple[bytes, ...]:
    return keyring.keys("log", home=settings.EDGEWISE_HOME)


def _logs() -> Iterator[Log]:
    yield from Log.objects.select_related("organisation", "system").order_by("pk")


def _unannounced() -> Iterator[Log]:
    """Logs that do not yet say that the newest generation of several is theirs."""
    if len(_generations()) < 2:
        return
    for log in _logs():
        if keys.newest_vkeys(log.origin)[0] not in earlier_vkeys(log, below=selectors.size(log=log)):
            yield log


def _announce(log: Log, *, at: dt.datetime) -> str:
    new = keys.newest_vkeys(log.origin)
    old = [vkey for vkey in keys.vkeys(log.origin) if vkey not in new]
    _record(ROTATED, log, at=at, old=old, new=list(new))
    return log.origin


@trail.act()
def _record(event: str, log: Log, *, at: dt.datetime, **facts: Any) -> None:
    trail.record(
        event, organisation=log.organisation, system=log.system, by=None, at=at, subject=log.origin, **facts
    )
