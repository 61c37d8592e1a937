"""Edgewise: log edge-level decisions of an AI system, follow its policy, verify its log."""

from edgewise.errors import EdgewiseError, VerificationError
from edgewise.proofs import verify

__all__ = ["EdgewiseError", "VerificationError", "verify"]
