"""How the OpenAPI document describes the ways to authenticate."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class ApiKeyScheme(OpenApiAuthenticationExtension):
    target_class = "governance.access.api.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """An AI system's key."""
        return {"type": "http", "scheme": "bearer", "description": "An AI system's API key: `ew_…`."}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "governance.access.api.TokenAuthentication"
    name = "personalToken"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """A person's token."""
        return {"type": "http", "scheme": "bearer", "description": "A person's token: `ewp_…`."}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "governance.access.api.PersonSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """A person signed in on the web."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
