"""The base of every refusal: the rules say no, with a stable code."""

from typing import Any, ClassVar

from django.utils.functional import Promise


class DomainError(Exception):
    """A rule of the domain refused an act; nothing was changed.

    ``code`` is stable and part of the public contract; ``detail`` is a sentence that a person can act on;
    ``field`` names the input at fault, where there is one; ``extra`` holds further members of the problem document.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 422

    def __init__(self, detail: str | Promise, *, field: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = str(detail)
        self.field = field
        self.extra = extra


def named(error: Exception) -> str:
    """A failure as it is kept for people: a refusal under its stable code, anything else under its class."""
    return f"{error.code if isinstance(error, DomainError) else type(error).__name__}: {error}"
