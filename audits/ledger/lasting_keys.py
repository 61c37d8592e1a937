"""Keys that outlive the deployment's key: what was computed with them has to be found again after any rotation.

Until the first rotation they are derived from the deployment's key. From then on they are kept, wrapped by the newest.
"""

from django.conf import settings
from django.db import connection, transaction

from audits.ledger import keys, wrapping
from audits.ledger.models import LastingKey
from governance.access import keyring

# Whoever needs another one lists it here: what is not listed would be lost by a rotation.
PURPOSES = (
    "digest pseudonym",
    "digest fingerprint key",
    "digest rescoring draw",
    "digest rescorer webhook",
    "ballot link",
)
_known: dict[tuple[str, str, str], bytes] = {}


def key(purpose: str) -> bytes:
    """The 32 bytes for one of PURPOSES: always the same, however often the deployment's key was rotated."""
    if purpose not in PURPOSES:
        raise ValueError(f"{purpose!r} is not among the lasting keys: {', '.join(PURPOSES)}")
    place = (str(settings.EDGEWISE_HOME), str(connection.settings_dict["NAME"]), purpose)
    if place not in _known:
        _known[place] = _read(purpose)
    return _known[place]


@transaction.atomic
def keep() -> None:
    """Keeps every lasting key, before the key it was derived from goes; what is kept already stays."""
    wrapper = wrapping.newest()
    LastingKey.objects.bulk_create(
        [
            LastingKey(
                purpose=purpose,
                wrapped=wrapper.wrap(key(purpose), bound_to=purpose.encode()),
                under=wrapper.fingerprint,
            )
            for purpose in PURPOSES
        ],
        ignore_conflicts=True,
    )


def _read(purpose: str) -> bytes:
    found = LastingKey.objects.filter(purpose=purpose).first()
    if found is None:
        first = keyring.keys(wrapping.NAME, home=settings.EDGEWISE_HOME)[0]
        return keys.derived(first, purpose)
    return wrapping.unwrap(bytes(found.wrapped), under=found.under, bound_to=purpose.encode())
