"""System check: the policy key here is the one that signs this database's policies."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError

from governance.access.keyring import KeyUnavailable
from governance.policies import selectors, signing
from governance.starting import TAG

HINT = (
    "Give every process of one database the same keys: copy keys/policy* from the deployment it belongs to, or set "
    "EDGEWISE_KEY_POLICY. Another deployment needs a database of its own."
)


@register(TAG)
def policies_are_signed_by_this_key(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """governance.E003: the newest policy in force is signed by none of the policy keys here. Needs the database."""
    if not databases:
        return
    try:
        newest = selectors.all_in_force().last()
        if newest is not None and not signing.is_signed_here(newest.note):
            yield Error(
                f"{newest} is not signed by the policy key of this process ({signing.vkey()}).",
                hint=HINT,
                id="governance.E003",
            )
    except KeyUnavailable as error:
        yield Error(str(error), id="governance.E003")
    except DatabaseError:
        return  # Away, or not migrated yet: what serves says so itself.
