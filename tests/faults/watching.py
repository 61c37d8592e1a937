"""A watcher, as an auditor would keep one: collects checkpoints, proves each from the one before, checks receipts."""

import http.client
import random
import threading
from dataclasses import dataclass, field

from edgewise import merkle, notes, proofs, tiles
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError
from edgewise.tiles import TileReader

from tests.faults.kept import Kept, System

EVERY_SECONDS = 0.25
RECEIPTS_EACH_ROUND = 3


class Away(Exception):
    """The server does not answer now."""


@dataclass
class Watcher:
    """One log. `seen` maps the size of each checkpoint to its signed note."""

    system: System
    ports: list[int]
    kept: Kept
    seed: int
    seen: dict[int, str] = field(default_factory=dict)
    latest: Checkpoint | None = None
    proven: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread | None = None

    def start(self) -> None:
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self.stopping.set()
        if self.thread is not None:
            self.thread.join(60)
        self.stopping.clear()

    def _run(self) -> None:
        rng = random.Random(self.seed)
        while not self.stopping.wait(EVERY_SECONDS):
            try:
                self.look(rng)
                for _ in range(RECEIPTS_EACH_ROUND):
                    self.sample(rng)
            except Away:
                continue
            except VerificationError as error:
                self.kept.contradict(f"{self.system.organisation}: {error}")

    def get(self, path: str, rng: random.Random) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", rng.choice(self.ports), timeout=10)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {self.system.secret}"})
            response = connection.getresponse()
            status, body = response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise Away from error
        finally:
            connection.close()
        if status >= 500:
            raise Away(status)
        return status, body

    def look(self, rng: random.Random) -> None:
        """The checkpoint served now must continue the largest seen before."""
        status, body = self.get(f"{self.system.path}/checkpoint", rng)
        if status != 200:
            return
        self.accept(body.decode(), rng)

    def accept(self, note: str, rng: random.Random) -> None:
        fresh, before = notes.open_checkpoint(note, self.system.vkeys), self.latest
        if before is not None and fresh.size < before.size:
            raise VerificationError(f"the log went back from {before.size} to {fresh.size}", index=fresh.size)
        if before is not None and before.size:
            self.prove(before, fresh, rng)
        self.latest = fresh
        self.seen.setdefault(fresh.size, note)

    def prove(self, old: Checkpoint, new: Checkpoint, rng: random.Random) -> None:
        """A consistency proof made from the tiles that the server hands out."""
        if old.size == new.size:
            if old.root != new.root:
                raise VerificationError(f"two checkpoints of size {old.size}", index=old.size)
            return

        def fetch(level: int, n: int, width: int) -> bytes:
            status, body = self.get(f"{self.system.path}/{tiles.tile_path(level, n, width)}", rng)
            if status != 200:
                raise VerificationError(
                    f"a tile below a checkpoint is missing: {level}/{n}.p/{width}, {status}"
                )
            return body

        proof = merkle.consistency_proof(old.size, new.size, TileReader(new.size, fetch))
        merkle.verify_consistency(old.size, new.size, old.root, new.root, proof)
        self.proven += 1

    def sample(self, rng: random.Random) -> None:
        """One acknowledged record, covered by the latest checkpoint: its receipt must prove the leaf hash kept."""
        with self.kept.lock:
            recent = len(self.kept.places)
            known = list(self.kept.places.items())[:: max(1, recent // 200)] if recent else []
        own = [(identity, place) for identity, place in known if place.system == self.system.id]
        if not own or self.latest is None:
            return
        identity, place = rng.choice(own)
        status, body = self.get(f"/api/v1/decisions/{identity}/proof", rng)
        if status == 404 and place.index >= self.latest.size:
            return
        if status != 200:
            raise VerificationError(f"the receipt of {identity} is answered {status}", index=place.index)
        receipt = proofs.parse(body)
        covered = notes.open_checkpoint(receipt.checkpoint, self.system.vkeys)
        merkle.verify_inclusion(place.leaf_hash, place.index, covered.size, receipt.path, covered.root)
        if receipt.index != place.index:
            raise VerificationError(f"the receipt of {identity} is for {receipt.index}", index=place.index)
        self.seen.setdefault(covered.size, receipt.checkpoint)
        with self.kept.lock:
            self.kept.receipts += 1
