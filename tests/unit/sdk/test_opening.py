"""Checking one opened value against the entry that commits to it."""

import edgewise
import pytest
from edgewise import sealing
from edgewise.errors import VerificationError
from edgewise.strict_json import canonical
from hypothesis import given
from hypothesis import strategies as st

RECORD = {
    "subject": {"ref": "ada", "groups": {"age_band": "18-24"}},
    "rationale": "Because.",
    "options": [{"id": "a", "edges": {}, "label": "Label it"}, {"id": "b", "edges": {}}],
}
SEALED = sealing.seal(RECORD)
ENTRY = canonical({"type": "decision", "record": SEALED.record})


@pytest.mark.parametrize("pointer", ["/subject", "/rationale", "/options/0/label"])
def test_every_sealed_field_opens(pointer):
    edgewise.verify_commitment(ENTRY, pointer, value=SEALED.values[pointer], salt=SEALED.salts[pointer])


def test_a_sealed_fact_of_an_event_opens():
    salt = b"0123456789abcdef"
    sealed = {"reason": sealing.commitment(canonical("A case."), salt)}
    entry = canonical({"type": "legal_hold.placed", "facts": {}, "sealed": sealed})
    edgewise.verify_commitment(entry, "/reason", value="A case.", salt=sealing.to_base64(salt))


@pytest.mark.parametrize(
    ("entry", "pointer", "value"),
    [
        (ENTRY, "/rationale", "Because"),
        (ENTRY, "/rationale", {"commitment": "x"}),
        (ENTRY, "/options/1/label", "Label it"),
        (ENTRY, "/options/9/label", "Label it"),
        (ENTRY, "/options/x/label", "Label it"),
        (ENTRY, "/options/\u00b2/label", "Label it"),
        (ENTRY, "/rationale/x", "Because."),
        (ENTRY, "", "Because."),
        (b"{", "/rationale", "Because."),
        (b"[]", "/rationale", "Because."),
        (b'{"record": 3}', "/rationale", "Because."),
    ],
)
def test_anything_else_is_refused_with_its_place(entry, pointer, value):
    with pytest.raises(VerificationError):
        edgewise.verify_commitment(entry, pointer, value=value, salt=SEALED.salts["/rationale"])


def test_a_salt_that_is_none_is_refused():
    with pytest.raises(VerificationError, match="salt"):
        edgewise.verify_commitment(ENTRY, "/rationale", value="Because.", salt="§")


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16))
def test_the_bytes_of_a_commitment_are_its_canonical_form(value, salt):
    assert sealing.commitment_bytes(value, salt) == canonical(sealing.commitment(value, salt))
