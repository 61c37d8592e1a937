"""Files of the operator in the C2SP tlog-policy format: what is wrong with one, in a sentence for its author."""

from pathlib import Path

from django.conf import settings
from edgewise import trust
from edgewise.errors import VerificationError


def trouble(path: Path, *, default: str) -> str:
    """Why the file cannot be used; empty if it can. Only at the ``default`` place in the home it may be missing."""
    if not path.exists() and not path.is_symlink() and path == Path(settings.EDGEWISE_HOME) / default:
        return ""
    try:
        trust.parse(path.read_bytes())
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    except VerificationError as error:
        return str(error)
    return ""
