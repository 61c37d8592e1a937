"""Which keys may sign a policy: the pinned ones, and those that a pinned one announced as its successor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edgewise import notes, strict_json
from edgewise.errors import VerificationError
from edgewise.notes import NoteSigner, VerifierKey

SCHEMA = "edgewise.policy-key/1"
MAX_ANNOUNCEMENTS = 100


def announce(old: NoteSigner, new: NoteSigner) -> str:
    """The announcement that `new` follows `old`: a note signed by both, so that neither is named against its will."""
    stated = {"schema": SCHEMA, "old": old.vkey, "new": new.vkey}
    return notes.sign(strict_json.canonical(stated).decode() + "\n", [new, old])


def trusted(pinned: Iterable[str], announcements: Sequence[str]) -> tuple[str, ...]:
    """The pinned keys, then their successors. Announcements come oldest first; those by strangers are passed over.

    VerificationError if a trusted key signed one that is malformed, names a key of another name, or is not signed by
    the successor.
    """
    keys = [str(notes.parse_vkey(vkey)) for vkey in pinned]
    if len(announcements) > MAX_ANNOUNCEMENTS:
        raise VerificationError(f"more than {MAX_ANNOUNCEMENTS} announcements of policy keys are not read")
    for note in announcements:
        if (new := _successor(note, keys)) and new not in keys:
            keys.append(new)
    return tuple(keys)


def _successor(note: str, keys: Sequence[str]) -> str | None:
    """The key that one of `keys` names as its successor; None if the note is by none of them."""
    known = [notes.parse_vkey(vkey) for vkey in keys]
    _text, signatures = notes.split(note)
    if not {(each.name, each.key_id) for each in signatures} & {(key.name, key.id) for key in known}:
        return None
    text, signed_by = _opened(note, known)
    try:
        stated = strict_json.loads(text)
        schema, old, new = stated["schema"], stated["old"], notes.parse_vkey(stated["new"])
    except (ValueError, TypeError, KeyError):
        raise VerificationError("the announcement of a policy key is malformed") from None
    if schema != SCHEMA:
        raise VerificationError("the announcement of a policy key is malformed")
    if old not in signed_by:
        return None
    if new.name != notes.parse_vkey(old).name:
        raise VerificationError(f"a policy key of another name is announced: {new.name}")
    notes.open_note(note, [new])
    return str(new)


def _opened(note: str, known: Sequence[VerifierKey]) -> tuple[str, set[str]]:
    opened = notes.verify(note, known)
    return opened.text, {str(key) for key in opened.keys}
