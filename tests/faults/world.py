"""Prints the systems that post: run by the shell of a `make run`, with that one's database."""

import json

import django

django.setup()

from audits.ledger import selectors  # noqa: E402
from audits.ledger.models import Log  # noqa: E402
from governance.organisations.models import Organisation  # noqa: E402
from tests.unit.audits.decisions import worlds  # noqa: E402

SLUGS = ("north", "south")


def described(slug: str) -> dict[str, object]:
    world = worlds.make(slug)
    log = selectors.log_of(organisation=world.organisation, system=world.system)
    assert isinstance(log, Log)
    return {
        "organisation": slug,
        "slug": world.system.slug,
        "id": world.system.pk,
        "log": log.pk,
        "secret": world.secret,
        "origin": log.origin,
        "vkeys": list(selectors.vkeys(log=log)),
        "record": world.record(),
    }


found = [described(slug) for slug in SLUGS]
Organisation.objects.filter(slug__in=SLUGS).update(log_is_public=True)
print(json.dumps(found))
