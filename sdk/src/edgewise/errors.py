"""The errors that this package raises."""


class EdgewiseError(Exception):
    """Base of every error of this package."""


class VerificationError(EdgewiseError):
    """Something shown as proof does not prove it: a signature, a hash, a proof, or its format.

    `index` names the first entry that is wrong, where one can be named.
    """

    def __init__(self, message: str, *, index: int | None = None) -> None:
        super().__init__(message)
        self.index = index


class UnreachableError(EdgewiseError):
    """The server could not be reached, or went on answering that it cannot serve now."""
