"""Finding what a URL names, or answering 404."""

from django.http import Http404

from governance.organisations.models import Organisation
from governance.systems import selectors
from governance.systems.models import AISystem


def system_or_404(*, organisation: Organisation, slug: str) -> AISystem:
    """The organisation's system; another organisation's is as unknown as one that never was."""
    system = selectors.get(organisation=organisation, slug=slug)
    if system is None:
        raise Http404
    return system
