"""Personal data beside the log: one encrypted blob per record, under a key per subject that can be destroyed.

References name whose key it is: a data subject, a person of the organisation, or (where there is no subject) a system
or the organisation itself. They are stored as keyed pseudonyms only. Blobs are AES-256-GCM, nonce first.
"""

import datetime as dt
import hashlib
import hmac
import os
from collections.abc import Collection, Iterable

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.utils.translation import gettext as _

from audits.ledger import lasting_keys, wrapping
from audits.ledger.models import DataKey, LoggedEvent, SealedFacts
from audits.ledger.statements import Statement
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.systems.models import AISystem

NONCE_BYTES = wrapping.NONCE_BYTES
KEY_BYTES = 32
BlobDamaged = wrapping.BlobDamaged


class Erased(DomainError):
    """The key was destroyed: nobody can read the data any more."""

    code = "erased"
    status = 410


def of_subject(reference: str) -> str:
    """The reference of a data subject, as a model knows them."""
    return f"subject:{reference}"


def of_system(system: AISystem) -> str:
    """The reference for what a system logs about no subject in particular."""
    return f"system:{system.slug}"


def keyed_digest(purpose: str, data: bytes) -> bytes:
    """HMAC-SHA-256 (32 bytes) under a lasting key of the deployment: recognises `data` again without storing it."""
    return hmac.digest(lasting_keys.key(f"digest {purpose}"), data, hashlib.sha256)


def pseudonym(*, organisation: Organisation, reference: str) -> bytes:
    """What stands for a reference in the database (32 bytes)."""
    return keyed_digest("pseudonym", f"{organisation.pk}\0{reference}".encode())


def data_keys(
    *, organisation: Organisation, references: Collection[str], at: dt.datetime
) -> dict[str, DataKey]:
    """The data key of each reference, made where there is none yet; two queries however many there are.

    A subject whose key was destroyed keeps the destroyed one: `encrypt` then raises Erased.
    """
    names = {pseudonym(organisation=organisation, reference=each): each for each in references}
    found = _stored(organisation, names)
    missing = [name for name in names if names[name] not in found]
    if missing:
        wrapper = wrapping.newest()
        fresh = [_fresh(organisation, name, wrapper, at) for name in missing]
        DataKey.objects.bulk_create(fresh, ignore_conflicts=True)
        found |= _stored(organisation, {name: names[name] for name in missing})
    return found


def find(*, organisation: Organisation, reference: str) -> DataKey | None:
    """The data key of a reference, if it has one."""
    name = pseudonym(organisation=organisation, reference=reference)
    return DataKey.objects.filter(organisation=organisation, pseudonym=name).first()


def destroyed(keys: Collection[int]) -> Statement:
    """Asks which of the data keys with these ids are destroyed by now."""
    return "SELECT id FROM audits_datakey WHERE id = ANY(%s::bigint[]) AND wrapped IS NULL", [list(keys)]


def destroy(*, key: DataKey, at: dt.datetime) -> None:
    """Destroys a data key and what the log's events seal under it; nobody can read that again."""
    SealedFacts.objects.filter(data_key=key).delete()
    DataKey.objects.filter(pk=key.pk, wrapped__isnull=False).update(wrapped=None, destroyed_at=at)


def forget(*, events: Iterable[LoggedEvent]) -> None:
    """Destroys values and salts that these events seal, under whosever key; their commitments stay in the log."""
    for event in events:
        SealedFacts.objects.filter(log_id=event.log_id, index=event.index).delete()


def encrypt(key: DataKey, plaintext: bytes, *, bound_to: bytes) -> bytes:
    """A blob that opens only under `key` and for the same `bound_to` (which record it belongs to)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(unwrap(key)).encrypt(nonce, plaintext, bound_to)


def decrypt(key: DataKey, blob: bytes, *, bound_to: bytes) -> bytes:
    """What was encrypted. Raises Erased or BlobDamaged."""
    return wrapping.opened(AESGCM(unwrap(key)), bytes(blob), bound_to)


def erased() -> Erased:
    """What to raise about a destroyed key."""
    return Erased(_("The personal data were erased: their key is destroyed."))


def _fresh(organisation: Organisation, name: bytes, wrapper: wrapping.Wrapper, at: dt.datetime) -> DataKey:
    return DataKey(
        organisation=organisation,
        pseudonym=name,
        wrapped=wrapper.wrap(os.urandom(KEY_BYTES), bound_to=name),
        under=wrapper.fingerprint,
        created_at=at,
    )


def _stored(organisation: Organisation, names: dict[bytes, str]) -> dict[str, DataKey]:
    rows = DataKey.objects.filter(organisation=organisation, pseudonym__in=list(names))
    return {names[bytes(row.pseudonym)]: row for row in rows}


def unwrap(key: DataKey) -> bytes:
    """The key itself. Raises Erased."""
    if key.wrapped is None:
        raise erased()
    return wrapping.unwrap(bytes(key.wrapped), under=key.under, bound_to=bytes(key.pseudonym))
