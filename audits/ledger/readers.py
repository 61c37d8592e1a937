"""Who may read a log over HTTP."""

import datetime as dt

from django.http import HttpRequest

from audits.ledger.models import Log
from governance.access import selectors as access
from governance.organisations.models import Person

PERMISSION = "view_log"
SCOPE = "decisions:read"


def may_read(*, request: HttpRequest, log: Log, at: dt.datetime) -> bool:
    """Anyone where the organisation published its logs; else a token, a key of the system, or a signed-in person."""
    if log.organisation.log_is_public:
        return True
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return _token_reads(secret.strip(), log, at) or _key_reads(secret.strip(), log, at)
    return isinstance(request.user, Person) and access.may(
        person=request.user, permission=PERMISSION, organisation=log.organisation
    )


def _token_reads(secret: str, log: Log, at: dt.datetime) -> bool:
    """Every personal token has the scope to read."""
    token = access.personal_token(secret=secret, at=at)
    return (
        token is not None
        and token.organisation_id == log.organisation_id
        and access.may(person=token.person, permission=PERMISSION, organisation=log.organisation)
    )


def _key_reads(secret: str, log: Log, at: dt.datetime) -> bool:
    key = access.api_key(secret=secret, at=at)
    return key is not None and key.system_id == log.system_id and SCOPE in key.scopes
