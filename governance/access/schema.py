"""How the OpenAPI document describes the ways to authenticate, and what any operation may refuse."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction

from governance.access import api, problems
from governance.access.models import READ, WRITE

WRITING = ("POST", "PUT", "PATCH", "DELETE")
# Parameters of the query that name what is asked for; a cursor that was not given out is not found either.
NAMING = frozenset({"system", "cursor"})


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
        told = (
            "A person's token: `ewp_…`. Its scopes are `read`, or `read` and `write`. An operation that asks for "
            f"`write` refuses one that only reads with 403 `{api.TokenReadsOnly.code}`."
        )
        return {"type": "http", "scheme": "bearer", "description": told}

    def get_security_requirement(self, auto_schema: AutoSchema) -> dict[str, list[Any]]:
        """The scope a token needs."""
        return {self.name: [WRITE if auto_schema.method in WRITING else READ]}


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "governance.access.api.PersonSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """A person signed in on the web."""
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}


class Described(AutoSchema):
    """Every operation with the problem documents it may answer, as its permissions and parameters imply them."""

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        found: dict[str, Any] = super()._get_response_bodies(direction)
        if getattr(self.view, "refuses_with_problems", True):
            refusal = self._get_response_for_code(problems.Problem, "400", [problems.CONTENT_TYPE], direction)
            for status in self._refusals():
                told = found.setdefault(
                    status, {"description": HTTPStatus(int(status)).phrase, "content": {}}
                )
                told["content"] |= refusal["content"]
        return dict(sorted(found.items()))

    def _refusals(self) -> list[str]:
        """What may be answered beside what the operation itself states."""
        closed = [] if self._is_open() else ["401", "403"]
        writes = ["409", "413", "415", "422"] if self.method in WRITING else []
        limited = ["429"] if self.view.get_throttles() else []
        return [
            "400",
            *closed,
            *(["404"] if self._names_something() else []),
            "406",
            *writes,
            *limited,
            "503",
        ]

    def _is_open(self) -> bool:
        return all(isinstance(permission, api.Open) for permission in self.view.get_permissions())

    def _names_something(self) -> bool:
        names = {parameter["name"] for parameter in self._get_parameters()}
        return "{" in self.path or bool(names & NAMING)
