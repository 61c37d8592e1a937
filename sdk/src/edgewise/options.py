"""What a client is made with, beside address and key; `Recorder` says what each is for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

from edgewise.masking import Mask
from edgewise.recording import OnRejected


class Options(TypedDict, total=False):
    """Keyword arguments of both clients, so that a misspelt one is found before it is run."""

    spool: str | Path | None
    spool_limit_bytes: int
    mask: Mask | None
    on_rejected: OnRejected | None
    policy_vkey: str | Sequence[str] | None
    policy_system: str
    policy_fresh_for: float
    policy_cache: str | Path | None
    timeout: float
    patience: float
