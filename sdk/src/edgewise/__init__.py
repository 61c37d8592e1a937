"""Edgewise: log edge-level decisions of an AI system, follow its policy, verify its log."""

from edgewise.aio import AsyncClient
from edgewise.batches import Logged
from edgewise.client import Client
from edgewise.errors import EdgewiseError, UnreachableError, VerificationError
from edgewise.logging_handler import DecisionHandler
from edgewise.proofs import verify, verify_commitment
from edgewise.scoring import Choice, choose
from edgewise.transport import RefusedError
from edgewise.version import VERSION

__version__ = VERSION

__all__ = [
    "AsyncClient",
    "Choice",
    "Client",
    "DecisionHandler",
    "EdgewiseError",
    "Logged",
    "RefusedError",
    "UnreachableError",
    "VerificationError",
    "__version__",
    "choose",
    "verify",
    "verify_commitment",
]
