"""What the models keep: everything the server acknowledged, and what it left unanswered."""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from edgewise import merkle
from edgewise.encoding import from_base64


@dataclass(frozen=True, slots=True)
class System:
    """An AI system that posts, as the world's script prints it."""

    organisation: str
    slug: str
    id: int
    log: int
    secret: str
    origin: str
    vkeys: tuple[str, ...]
    record: dict[str, Any]

    @property
    def path(self) -> str:
        return f"/log/{self.organisation}/{self.slug}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an acknowledged record stands, and the hash it is known by."""

    system: int
    index: int
    leaf_hash: bytes


@dataclass
class Kept:
    """Shared by all clients. `contradictions` are answers that no server may give; each one fails the run."""

    places: dict[str, Place] = field(default_factory=dict)
    doubtful: dict[str, frozenset[str]] = field(default_factory=dict)
    contradictions: list[str] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    receipts: int = 0
    asked_at: dict[int, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def acknowledge(self, system: System, items: Iterable[dict[str, Any]], *, asked_at: float) -> None:
        """Remembers each item; one acknowledged before must be where it was."""
        with self.lock:
            for item in items:
                self._note(system, item)
            self.asked_at[system.id] = max(self.asked_at.get(system.id, 0.0), asked_at)

    def _note(self, system: System, item: dict[str, Any]) -> None:
        if item.get("status") not in {"logged", "duplicate"}:
            self.contradictions.append(f"a good record was answered {item}")
            return
        place = Place(system.id, item["index"], bytes.fromhex(item["leaf_hash"]))
        if self.places.setdefault(item["id"], place) != place:
            self.contradictions.append(f"{item['id']} was at {self.places[item['id']]}, now at {place}")
        if "entry" in item and merkle.leaf_hash(from_base64(item["entry"], "the entry")) != place.leaf_hash:
            self.contradictions.append(f"the entry of {item['id']} does not hash to its leaf hash")

    def doubt(self, ids: Iterable[str], reason: str, *, together: bool) -> None:
        """No answer came; a request that is one commit (`together`) must be found whole or not at all."""
        whole = frozenset(ids)
        with self.lock:
            self.failures[reason] += 1
            if together:
                self.doubtful |= dict.fromkeys(whole, whole)

    def contradict(self, text: str) -> None:
        with self.lock:
            self.contradictions.append(text)

    def seen(self) -> tuple[dict[str, Place], set[frozenset[str]]]:
        """What is acknowledged by now, and the unanswered requests that were one commit each."""
        with self.lock:
            return dict(self.places), set(self.doubtful.values())
