"""The signed form of a policy: a C2SP signed note over its canonical text, by the deployment's policy key."""

from typing import Any

from django.conf import settings
from edgewise import notes

from governance.access import keyring
from governance.policies import canonical
from governance.policies.models import Policy


def signer() -> notes.NoteSigner:
    """Signs as ``<origin>/policy``."""
    name = f"{settings.EDGEWISE_ORIGIN}/policy"
    return notes.NoteSigner(name, keyring.key("policy", home=settings.EDGEWISE_HOME))


def vkey() -> str:
    """The verification key models pin to check policies."""
    return signer().vkey


def document(policy: Policy) -> dict[str, Any]:
    """What is hashed and signed: everything a model has to follow, and nothing that changes later."""
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
    }


def sign(document: dict[str, Any]) -> str:
    """The signed note."""
    return notes.sign(canonical.text(document), [signer()])
