"""What reports print as minutes: the port ``AUDITS_MINUTES_SOURCE``."""

from typing import Any

from django.utils.translation import gettext as _

from councils.deliberation import selectors as deliberation
from councils.voting import selectors
from governance.errors import DomainError
from governance.organisations.models import Organisation


class NotCounted(DomainError):
    """There are no minutes of a vote that is unknown here or not counted."""

    code = "not_found"
    status = 404


def of_proposal(*, organisation: Organisation, proposal: str) -> dict[str, Any]:
    """The minutes of a counted proposal by its number; raises NotCounted."""
    number = int(proposal) if proposal.isdecimal() and len(proposal) < 19 else 0
    found = deliberation.get(organisation=organisation, id=number)
    if found is None or not found.is_counted:
        raise NotCounted(_("There are minutes once the votes on a proposal are counted."))
    return selectors.minutes(proposal=found)
