"""Where independent scorers are reached: only what the operator configured, by name.

``EDGEWISE_RESCORERS`` maps a name to an https address (plain http on loopback only) or to the dotted path of an
``edgewise.scorers.Scorer`` in this process. People choose among the names; nobody can make the server call an address.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from governance.errors import DomainError

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")


class RouteUnknown(DomainError):
    code = "route_unknown"


def names() -> list[str]:
    """What the operator configured."""
    return sorted(settings.EDGEWISE_RESCORERS)


def target(name: str) -> str:
    """The address or dotted path behind a name; raises RouteUnknown."""
    found: str | None = settings.EDGEWISE_RESCORERS.get(name)
    if found is None:
        raise RouteUnknown(
            _("The operator of this server has configured no scorer %s.") % name, field="route"
        )
    return found


def is_webhook(found: str) -> bool:
    return "://" in found


def problem(name: str, found: str) -> str | None:
    """What is wrong with a configured route; None if nothing is."""
    if not _NAME.fullmatch(name):
        return f"{name!r} is not a name: use small letters, digits and hyphens."
    if not is_webhook(found):
        return (
            None
            if _DOTTED.fullmatch(found)
            else f"{name}: {found!r} is neither an address nor a dotted path."
        )
    parts = urlsplit(found)
    if parts.username or parts.password:
        return f"{name}: the address holds a secret; requests are signed instead."
    if parts.scheme == "https" and parts.hostname:
        return None
    if parts.scheme == "http" and parts.hostname and _loopback(parts.hostname):
        return None
    return f"{name}: the address must begin with https:// (http:// on loopback only)."


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
