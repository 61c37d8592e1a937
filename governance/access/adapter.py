"""Sign-in as django-allauth does it, without self-registration."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignUp(DefaultAccountAdapter):  # type: ignore[misc]
    """People are added by an administrator of their organisation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
