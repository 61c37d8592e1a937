"""Sealing: keys per subject, blobs bound to their record, nothing in clear."""

import pytest
from django.db import IntegrityError, transaction

from audits.ledger import sealing
from audits.ledger.models import DataKey
from tests.unit.audits.ledger import worlds


def test_a_subject_has_one_key_for_ever(organisation) -> None:
    """The same reference gives the same key, another reference another."""
    first = sealing.data_keys(organisation=organisation, references=["subject:a", "subject:b"], at=worlds.AT)
    again = sealing.data_keys(organisation=organisation, references=["subject:a"], at=worlds.AT)
    assert again["subject:a"] == first["subject:a"] != first["subject:b"]


def test_keys_are_made_in_three_queries_however_many(organisation, django_assert_num_queries) -> None:
    """Look, make the missing, look again."""
    references = [f"subject:{number}" for number in range(50)]
    sealing.pseudonym(organisation=organisation, reference="somebody")  # the lasting key is looked up once
    with django_assert_num_queries(3):
        sealing.data_keys(organisation=organisation, references=references, at=worlds.AT)
    with django_assert_num_queries(1):
        assert len(sealing.data_keys(organisation=organisation, references=references, at=worlds.AT)) == 50


def test_the_database_never_sees_a_reference(organisation) -> None:
    """Only a keyed pseudonym is stored, another in each organisation."""
    other = worlds.make_organisation("south")
    for each in (organisation, other):
        sealing.data_keys(organisation=each, references=["subject:ada@example.org"], at=worlds.AT)
    names = [bytes(key.pseudonym) for key in DataKey.objects.all()]
    assert len(set(names)) == 2
    assert all(len(name) == 32 and b"ada" not in name for name in names)


def test_a_blob_opens_for_its_record_only(organisation) -> None:
    """Moved to another record, changed, or under another key it does not open."""
    keys = sealing.data_keys(organisation=organisation, references=["subject:a", "subject:b"], at=worlds.AT)
    blob = sealing.encrypt(keys["subject:a"], b"secret", bound_to=b"record 1")
    assert sealing.decrypt(keys["subject:a"], blob, bound_to=b"record 1") == b"secret"
    for key, data, record in (
        (keys["subject:a"], blob, b"record 2"),
        (keys["subject:b"], blob, b"record 1"),
        (keys["subject:a"], blob[:-1] + bytes([blob[-1] ^ 1]), b"record 1"),
        (keys["subject:a"], b"", b"record 1"),
    ):
        with pytest.raises(sealing.BlobDamaged):
            sealing.decrypt(key, data, bound_to=record)


def test_a_destroyed_key_stays_destroyed(organisation) -> None:
    """Nothing is read or sealed under it any more, and asking again does not make a new one."""
    key = sealing.data_keys(organisation=organisation, references=["subject:a"], at=worlds.AT)["subject:a"]
    blob = sealing.encrypt(key, b"secret", bound_to=b"")
    DataKey.objects.filter(pk=key.pk).update(wrapped=None, destroyed_at=worlds.AT)
    again = sealing.data_keys(organisation=organisation, references=["subject:a"], at=worlds.AT)["subject:a"]
    assert again == key
    with pytest.raises(sealing.Erased):
        sealing.decrypt(again, blob, bound_to=b"")
    with pytest.raises(sealing.Erased):
        sealing.encrypt(again, b"more", bound_to=b"")


def test_a_key_is_held_until_destroyed(organisation) -> None:
    """The database refuses a key that is neither."""
    with pytest.raises(IntegrityError, match="data_key_is_held_until_destroyed"), transaction.atomic():
        DataKey.objects.create(organisation=organisation, pseudonym=bytes(32), created_at=worlds.AT)


def test_a_keyed_digest_recognises(db) -> None:
    """The same data give the same digest; another purpose another."""
    assert sealing.keyed_digest("pseudonym", b"x") == sealing.keyed_digest("pseudonym", b"x")
    assert sealing.keyed_digest("pseudonym", b"x") != sealing.keyed_digest("fingerprint key", b"x")
