"""Whose policies a client is given: those of one organisation and one system, over restarts too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from edgewise.errors import VerificationError
from edgewise.shelf import Shelf


class Whose(NamedTuple):
    """The organisation and the system that a policy is for, as it states them; None is not known."""

    organisation: Any = None
    system: Any = None

    @classmethod
    def stated(cls, by: Mapping[str, Any]) -> Self:
        """As a policy states them, or what was kept of one."""
        return cls(by.get("organisation"), by.get("system"))

    def agrees(self, other: Whose) -> bool:
        """Whether nothing that both know differs."""
        return all(
            one is None or another is None or one == another for one, another in zip(self, other, strict=True)
        )

    def completed(self, other: Whose) -> Whose:
        """With what only the other one knows."""
        return Whose(*(another if one is None else one for one, another in zip(self, other, strict=True)))

    def __str__(self) -> str:
        return "/".join("?" if each is None else str(each) for each in self)


class Identity:
    """Whose policies are believed: those of `system` where that is stated, else of the one first seen.

    One key signs the policies of every system of a deployment: another system's are signed as well.
    """

    def __init__(self, system: str, shelf: Shelf | None) -> None:
        self._system = system
        self._shelf = shelf
        self._seen: Whose | None = None

    def check(self, policy: Mapping[str, Any]) -> None:
        """VerificationError if the policy is another organisation's or system's than those before.

        What a policy does not state is not compared, and is known once one states it: servers that state no
        organisation beside the signed text are about.
        """
        whose = Whose.stated(policy)
        if self._system and whose.system != self._system:
            raise VerificationError(f"the policy is for the system {whose.system!r}, not {self._system!r}")
        before = self._seen or self._kept()
        if not before.agrees(whose):
            raise VerificationError(
                f"the policy is for {whose}, those before were for {before}; "
                "if that is right, start anew with another policy_cache"
            )
        self._seen = before.completed(whose)
        if self._shelf and self._seen != before:
            self._shelf.write_whose(self._seen._asdict())

    def _kept(self) -> Whose:
        """Whose policies an earlier process was given, unless this one is told another system."""
        kept = Whose.stated((self._shelf and self._shelf.read_whose()) or {})
        return kept if kept.agrees(Whose(system=self._system or None)) else Whose()
