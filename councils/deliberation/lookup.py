"""Finding what a URL names, or answering 404."""

from django.http import Http404

from councils.deliberation import selectors
from councils.deliberation.models import Proposal
from governance.organisations.models import Organisation


def proposal_or_404(*, organisation: Organisation, id: int) -> Proposal:  # noqa: A002  (the word of the URL)
    """The organisation's proposal; another organisation's is as unknown as one that never was."""
    found = selectors.get(organisation=organisation, id=id)
    if found is None:
        raise Http404
    return found
