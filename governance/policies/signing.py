"""The signed form of a policy: a C2SP signed note over its canonical text, by the deployment's policy key."""

import json
from typing import Any

from django.conf import settings
from edgewise import notes
from edgewise.errors import VerificationError

from governance.access import keyring
from governance.policies import canonical
from governance.policies.models import Policy

NAME = "policy"


def signers() -> tuple[notes.NoteSigner, ...]:
    """They sign as ``<origin>/policy``: the newest generation first, and while the key is rotated those before it."""
    name = f"{settings.EDGEWISE_ORIGIN}/policy"
    secrets = keyring.keys(NAME, home=settings.EDGEWISE_HOME)
    return tuple(notes.NoteSigner(name, secret) for secret in reversed(secrets))


def newest() -> notes.NoteSigner:
    """The key that goes on when a rotation is finished."""
    return signers()[0]


def vkey() -> str:
    """The verification key models pin to check policies."""
    return newest().vkey


def document(policy: Policy) -> dict[str, Any]:
    """What is hashed and signed: everything a model has to follow, and nothing that changes later.

    A policy that states no reference profile has no word of it.
    """
    stated = {"reference": policy.reference} if policy.reference else {}
    return {
        "schema": canonical.SCHEMA,
        "organisation": policy.system.organisation.slug,
        "system": policy.system.slug,
        "version": policy.version,
        "context": policy.context,
        "edge_set": policy.edge_set.version,
        "rule": policy.rule,
        "weights": policy.weights,
        "norms": policy.norms,
        "bounds": policy.bounds,
        "tiers": policy.tiers,
        "clarification_threshold": policy.clarification_threshold,
        "rationale_required": policy.rationale_required,
        "adapter": policy.adapter,
        "in_force_from": policy.in_force_from.isoformat(),
        "review_by": policy.review_by.isoformat() if policy.review_by else None,
        "source": policy.source,
        **stated,
    }


def sign(document: dict[str, Any]) -> str:
    """The signed note."""
    return notes.sign(canonical.text(document), signers())


def countersign(note: str) -> str:
    """The same note with the newest key's signature below those it has."""
    return notes.append(note, [newest()], at=0)


def is_genuine(policy: Policy) -> bool:
    """Whether the note was signed by one of the keys in use, and says what the policy's row says.

    A note that somebody wrote into the database, or took from another policy, is neither.
    """
    if not is_signed_here(policy.note):
        return False
    stated: dict[str, Any] = json.loads(notes.split(policy.note)[0])
    return stated == document(policy)


def is_signed_by_newest(note: str) -> bool:
    """Whether the newest key signed a policy's note."""
    return _is_signed_by(note, [vkey()])


def is_signed_here(note: str) -> bool:
    """Whether one of the keys in use signed a policy's note."""
    return _is_signed_by(note, [each.vkey for each in signers()])


def _is_signed_by(note: str, vkeys: list[str]) -> bool:
    try:
        notes.open_note(note, vkeys)
    except VerificationError:
        return False
    return True
