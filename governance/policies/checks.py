"""System check: the policy key here is the one that signed this database's policies, and they are as it signed them."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Warned
from django.db import DatabaseError

from governance.access.keyring import KeyUnavailable
from governance.policies import selectors, signing
from governance.policies.models import Policy
from governance.starting import TAG

HINT = (
    "Give every process of one database the same keys: copy keys/policy* from the deployment it belongs to, or set "
    "EDGEWISE_KEY_POLICY. Another deployment needs a database of its own."
)

FORGED = (
    "The database was changed behind Edgewise's back: models that pin the policy key refuse this policy, and "
    "`rotate_key policy` does. Compare it with `policy.enacted` in the log; restore, or put another policy in force."
)


@register(TAG)
def policies_are_signed_by_this_key(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """governance.E003: the newest policy in force is signed by none of the policy keys here; W001: another is not, or
    is not as it was signed. Needs the database."""
    if not databases:
        return
    try:
        yield from _found(list(selectors.all_in_force()))
    except KeyUnavailable as error:
        yield Error(str(error), id="governance.E003")
    except DatabaseError:
        return  # Away, or not migrated yet: what serves says so itself.


def _found(policies: Sequence[Policy]) -> Iterable[CheckMessage]:
    """With the wrong key nothing may start. One changed row stops nobody else, nor the policy that mends it."""
    if policies and not signing.is_signed_here(policies[-1].note):
        yield Error(
            f"{policies[-1]} is not signed by the policy key of this process ({signing.vkey()}).",
            hint=HINT,
            id="governance.E003",
        )
        return
    for policy in policies:
        if not signing.is_genuine(policy):
            yield Warned(
                f"{policy} is not as a policy key of this process signed it.",
                hint=FORGED,
                id="governance.W001",
            )
