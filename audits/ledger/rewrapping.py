"""Rotating the deployment's key: every data key is wrapped anew, and old and new are both read meanwhile.

Pseudonyms and fingerprints stay what they are (`lasting_keys`). Interrupted, either step goes on where it was.
"""

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from audits.ledger import lasting_keys, wrapping
from audits.ledger.models import DataKey, LastingKey, LoggedEvent
from governance import trail
from governance.access import keyring
from governance.errors import DomainError
from governance.organisations.models import Organisation

CHUNK = 500
ROTATED = "deployment_key.rotated"
RETIRED = "deployment_key.retired"


class NoOldKey(DomainError):
    code = "rotation_not_begun"


def begin(*, at: dt.datetime) -> list[str]:
    """Takes up a new key, unless one is there already, and wraps with it all that lies under another."""
    lasting_keys.keep()
    if len(_generations()) < 2:
        keyring.add_generation(wrapping.NAME, home=settings.EDGEWISE_HOME)
    wrapped = rewrap()
    _record(ROTATED, wrapped, at)
    return [_("%d keys lie under the new deployment key now.") % wrapped]


def finish(*, at: dt.datetime) -> list[str]:
    """Wraps what came in under the old key since, and puts that one away."""
    if len(_generations()) < 2:
        raise NoOldKey(_("There is no old key to put away: run `manage.py rotate_key deployment` first."))
    lasting_keys.keep()
    wrapped = rewrap()
    _record(RETIRED, wrapped, at)
    variables = keyring.retire_generations(wrapping.NAME, home=settings.EDGEWISE_HOME)
    told = _("The old deployment key is put away; %d keys had come in under it since.") % wrapped
    return [
        told,
        *(_("%s is not read any more: take it out of the environment.") % name for name in variables),
    ]


def rewrap() -> int:
    """Wraps every key that lies under another than the newest generation; how many. A transaction per chunk."""
    wrapper, total = wrapping.newest(), 0
    while done := _rewrap_some(wrapper):
        total += done
    return total + _rewrap_lasting(wrapper)


@transaction.atomic
def _rewrap_some(wrapper: wrapping.Wrapper) -> int:
    left = DataKey.objects.select_for_update().filter(wrapped__isnull=False)
    rows = list(left.exclude(under=wrapper.fingerprint).order_by("pk")[:CHUNK])
    for row in rows:
        bound_to = bytes(row.pseudonym)
        assert row.wrapped is not None
        secret = wrapping.unwrap(bytes(row.wrapped), under=row.under, bound_to=bound_to)
        row.wrapped, row.under = wrapper.wrap(secret, bound_to=bound_to), wrapper.fingerprint
    DataKey.objects.bulk_update(rows, ["wrapped", "under"])
    return len(rows)


@transaction.atomic
def _rewrap_lasting(wrapper: wrapping.Wrapper) -> int:
    rows = list(LastingKey.objects.select_for_update().exclude(under=wrapper.fingerprint))
    for row in rows:
        bound_to = row.purpose.encode()
        secret = wrapping.unwrap(bytes(row.wrapped), under=row.under, bound_to=bound_to)
        row.wrapped, row.under = wrapper.wrap(secret, bound_to=bound_to), wrapper.fingerprint
        row.save(update_fields=["wrapped", "under"])
    return len(rows)


def _generations() -> tuple[bytes, ...]:
    return keyring.keys(wrapping.NAME, home=settings.EDGEWISE_HOME)


@trail.act()
def _record(event: str, wrapped: int, at: dt.datetime) -> None:
    """In the log of every organisation, once for each key: its people's data lie under that key."""
    subject = f"key:deployment/{wrapping.newest().fingerprint}"
    told = LoggedEvent.objects.filter(type=event, subject=subject).values("log__organisation")
    for organisation in Organisation.objects.exclude(pk__in=told).order_by("pk"):
        trail.record(event, organisation=organisation, by=None, at=at, subject=subject, keys_wrapped=wrapped)
