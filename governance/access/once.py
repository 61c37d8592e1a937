"""A form that hands out a secret is answered once, however often it is sent."""

import secrets

from django.http import HttpRequest

SESSION_KEY = "forms_answered"
REMEMBERED = 20


def token() -> str:
    """For the hidden field of a fresh form."""
    return secrets.token_urlsafe(12)


def spend(request: HttpRequest, value: str) -> bool:
    """Whether this is the first time the form is sent; from then on it is spent."""
    spent: list[str] = request.session.get(SESSION_KEY, [])
    if value in spent:
        return False
    request.session[SESSION_KEY] = [*spent, value][-REMEMBERED:]
    return True
