"""Rotating the key that signs policies: the old key announces the new one, and both sign until it is put away.

The announcement is served with every policy, so that a model that pins the old key goes on by itself. Policies keep the
signatures they have. Interrupted, either step is finished by running it again.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from edgewise import policy_keys

from governance import trail
from governance.access import keyring
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.policies import selectors, signing
from governance.policies.models import Policy, SuccessorKey
from governance.systems.models import AISystem

ROTATED = "policy_key.rotated"
RETIRED = "policy_key.retired"


class NoOldPolicyKey(DomainError):
    code = "rotation_not_begun"


class NewPolicyKeyNotInUse(DomainError):
    """A process that signs has not taken up the new key yet."""

    code = "new_key_not_in_use"


class PolicyNotGenuine(DomainError):
    """The database holds a policy that none of the keys in use signed as it stands there."""

    code = "policy_not_genuine"
    status = 409


def begin(*, at: dt.datetime) -> list[str]:
    """Takes up a new key, unless one waits beside the old one; announces it, and has it sign what is in force.

    What no key here signed is not signed now either: whoever can write into the database has no key for that reason.
    """
    _refuse_forged(selectors.all_in_force())
    if len(signing.signers()) < 2:
        keyring.add_generation(signing.NAME, home=settings.EDGEWISE_HOME)
    signed = _announce(at=at)
    return [
        _("%(key)s signs policies now; it signed %(count)d that are in force.")
        % {"key": signing.vkey(), "count": signed}
    ]


def finish(*, at: dt.datetime) -> list[str]:
    """Puts the older keys out of use. Refused until the new one is announced and signs all that is in force.

    Returns what to take out of the environment.
    """
    if len(signing.signers()) < 2 or not SuccessorKey.objects.filter(vkey=signing.vkey()).exists():
        raise NoOldPolicyKey(_("There is no old key to put away: run `manage.py rotate_key policy` first."))
    for policy in _in_force():
        if not signing.is_signed_by_newest(policy.note):
            raise NewPolicyKeyNotInUse(
                _("%s is not signed by the new key: restart every process, run `manage.py rotate_key policy` again, "
                  "and come back.") % policy
            )  # fmt: skip
    _record(RETIRED, at=at, kept=[signing.vkey()])
    variables = keyring.retire_generations(signing.NAME, home=settings.EDGEWISE_HOME)
    told = _("%s alone signs policies now. What the old key signed stays as it is.") % signing.vkey()
    unused = [_("%s is not read any more: take it out of the environment.") % name for name in variables]
    return [told, *unused]


@trail.act()
def _announce(*, at: dt.datetime) -> int:
    """One act: the announcement, the new signatures and the entries; how many policies were signed."""
    newest, *older = signing.signers()
    if not SuccessorKey.objects.filter(vkey=newest.vkey).exists():
        note = policy_keys.announce(older[0], newest)
        SuccessorKey.objects.create(vkey=newest.vkey, predecessor=older[0].vkey, note=note, announced_at=at)
        _record(ROTATED, at=at, old=[each.vkey for each in older], new=[newest.vkey], announcement=note)
    in_force = _in_force()
    _refuse_forged(in_force)
    unsigned = [policy for policy in in_force if not signing.is_signed_by_newest(policy.note)]
    for policy in unsigned:
        policy.note = signing.countersign(policy.note)
        policy.save(update_fields=["note"])
    return len(unsigned)


def _refuse_forged(policies: Iterable[Policy]) -> None:
    for policy in policies:
        if not signing.is_genuine(policy):
            raise PolicyNotGenuine(
                _("%s is not as one of the keys here signed it: the database was changed behind Edgewise's back. "
                  "Compare it with `policy.enacted` in the log, and restore or put another policy in force.")
                % policy
            )  # fmt: skip


def _in_force() -> Sequence[Policy]:
    return list(selectors.all_in_force().select_for_update(of=("self",)))


@trail.act()
def _record(event: str, *, at: dt.datetime, **facts: Any) -> None:
    """In every log, as an enacted policy is: models' owners look there, and councils."""
    subject = f"key:policy/{signing.newest().key.id.hex()}"
    for organisation in Organisation.objects.order_by("pk"):
        trail.record(event, organisation=organisation, by=None, at=at, subject=subject, **facts)
    for system in AISystem.objects.select_related("organisation").order_by("pk"):
        trail.record(
            event, organisation=system.organisation, system=system, by=None, at=at, subject=subject, **facts
        )
