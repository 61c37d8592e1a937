"""The HTTP API as a page: the OpenAPI document, read for people. Works under a Content-Security-Policy of 'self'."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from drf_spectacular.generators import SchemaGenerator

WAYS = {"apiKey": "API key", "personalToken": "personal token", "session": "signed in"}


@dataclass(frozen=True)
class Operation:
    """One method of one path. ``parameters``: name, place, kind, required, what it means."""

    method: str
    path: str
    summary: str
    details: str
    callers: tuple[str, ...]
    parameters: tuple[tuple[str, str, str, bool, str], ...]
    answers: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """A name for links to it."""
        return f"{self.method}-{self.path.strip('/').replace('/', '-').replace('{', '').replace('}', '')}".lower()


@functools.cache
def operations() -> dict[str, list[Operation]]:
    """Every operation of the API by noun. The API does not change while a process runs."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    grouped: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, facts in methods.items():
            grouped.setdefault(facts["tags"][0], []).append(_operation(path, method, facts))
    return grouped


def _operation(path: str, method: str, facts: dict[str, Any]) -> Operation:
    summary, _break, details = str(facts.get("description", "")).partition("\n")
    return Operation(
        method=method.upper(),
        path=path,
        summary=summary,
        details=details.strip(),
        callers=tuple(_caller(*way) for each in facts.get("security", []) for way in each.items()),
        parameters=tuple(_parameters(facts)),
        answers=tuple(sorted(facts.get("responses", {}))),
    )


def _caller(name: str, scopes: list[str]) -> str:
    return f"{WAYS[name]} ({', '.join(scopes)})" if scopes else WAYS[name]


def _parameters(facts: dict[str, Any]) -> Iterator[tuple[str, str, str, bool, str]]:
    for each in facts.get("parameters", []):
        kind = each.get("schema", {}).get("type", "")
        yield each["name"], each["in"], kind, bool(each.get("required")), each.get("description", "")
