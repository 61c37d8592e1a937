"""The errors that this package raises."""

from __future__ import annotations

from typing import Self


class EdgewiseError(Exception):
    """Base of every error of this package."""


class VerificationError(EdgewiseError):
    """Something shown as proof does not prove it: a signature, a hash, a proof, or its format.

    `index` names the first entry that is wrong, where one can be named.
    """

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index

    def located(self, index: int | None = None, before: str = "") -> Self:
        """The same error with the index of the entry in doubt, and words before its message."""
        return type(self)(f"{before}{self}", index=index)


class LogAwayError(VerificationError):
    """The log could not be read, because its server is away: that says nothing about what is in it."""


class UnreachableError(EdgewiseError):
    """The server could not be reached, or went on answering that it cannot serve now."""
