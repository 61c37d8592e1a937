"""System checks: the witnesses' file can be read, and the keys here are those that this database was made with."""

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError

from audits.ledger import keys, policy_files, selectors, signer, witnesses, wrapping
from audits.ledger.models import DataKey, LastingKey, Log
from governance.access.keyring import KeyUnavailable
from governance.starting import TAG

WITNESSES_HINT = (
    "Write a C2SP tlog-policy file: `witness NAME VKEY URL` lines and a `quorum` line, as in docs/operations.md, "
    "“Outside confirmation”; or take the file away and be confirmed by nobody."
)
KEYS_HINT = (
    "Give every process of one database the same keys: copy keys/ from the deployment that it belongs to, or set "
    "EDGEWISE_KEY_LOG and EDGEWISE_KEY_DEPLOYMENT. Another deployment needs a database of its own."
)


@register(TAG)
def witnesses_can_be_read(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> Iterable[CheckMessage]:
    """audits.E002: EDGEWISE_WITNESSES names a file that is no list of witnesses with addresses."""
    path = settings.EDGEWISE_WITNESSES
    trouble = policy_files.trouble(path, default="witnesses") or _addresses()
    if trouble:
        yield Error(f"EDGEWISE_WITNESSES names {path}: {trouble}.", hint=WITNESSES_HINT, id="audits.E002")


def _addresses() -> str:
    """What is wrong with the first address that nothing can be submitted to; empty if nothing is."""
    for name, url in witnesses.policy().urls.items():
        if url and not (urlsplit(url).scheme in {"http", "https"} and urlsplit(url).hostname):
            return f"the address of the witness {name} is not http:// or https://"
    return ""


@register(TAG)
def keys_are_those_of_the_database(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **kwargs: Any
) -> Iterable[CheckMessage]:
    """audits.E004: another log key signed these logs; audits.E005: another deployment key wraps these data keys."""
    if not databases:
        return
    try:
        yield from _log_key()
        yield from _deployment_key()
    except KeyUnavailable as error:
        yield Error(str(error), id="audits.E004")
    except DatabaseError:
        return  # Away, or not migrated yet: what serves says so itself.


def _log_key() -> Iterable[CheckMessage]:
    """One log speaks for all: their keys derive from one."""
    log = Log.objects.filter(published__size__isnull=False).order_by("pk").first()
    checkpoint = selectors.latest_checkpoint(log=log) if log else None
    if log and checkpoint and not signer.is_signed_by(checkpoint.note, keys.vkeys(log.origin)):
        yield Error(
            f"The log {log.origin} was signed by another key than the one of this process, "
            f"{keys.newest_vkeys(log.origin)[0]}.",
            hint=KEYS_HINT,
            id="audits.E004",
        )


def _deployment_key() -> Iterable[CheckMessage]:
    """The newest data key speaks for all: a rotation wraps every one of them, but what was made during its end.

    Before the first rotation pseudonyms derive from the key in use, so that one in ``keys/retired`` is not enough.
    """
    newest = DataKey.objects.filter(wrapped__isnull=False).exclude(under="").order_by("pk").last()
    here = wrapping.fingerprints()
    if newest is None or newest.under in here:
        return
    if not (LastingKey.objects.exists() and wrapping.opens(newest.under)):
        yield Error(
            f"Personal data in this database lie under another deployment key (fingerprint {newest.under}) than the "
            f"one of this process ({here[-1]}).",
            hint=KEYS_HINT,
            id="audits.E005",
        )
