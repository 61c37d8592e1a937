"""Organisations, systems and logs for the ledger's tests."""

import datetime as dt

from django.db import connection, transaction

from audits.ledger import services
from audits.ledger.models import Log
from governance.organisations import services as organisations
from governance.organisations.models import Organisation, Person
from governance.systems import services as systems
from governance.systems.models import AISystem

AT = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
PASSWORD = "a long password for tests"


def make_organisation(slug: str = "north", *, public: bool = False) -> Organisation:
    return organisations.found(slug=slug, name=slug.title(), at=AT, log_is_public=public)


def make_person(organisation: Organisation, username: str, role: str = "auditor") -> Person:
    return organisations.add_person(
        organisation=organisation,
        username=username,
        password=PASSWORD,
        role=role,
        by=None,
        at=AT,
        display_name=username.title(),
    )


def make_system(organisation: Organisation, slug: str = "assistant") -> AISystem:
    return systems.register(
        organisation=organisation,
        slug=slug,
        name=slug.title(),
        purpose="Sorts reported posts.",
        position="deployer",
        risk_class="limited",
        risk_reasoning="Not listed in Annex III.",
        by=None,
        at=AT,
    )


def empty_log(organisation: Organisation) -> Log:
    """The log of a new system, made without an event, so that it is empty."""
    return services.open_log(organisation=organisation, system=bare_system(organisation), at=AT)


def bare_system(organisation: Organisation) -> AISystem:
    """A new system that nothing was logged of, not even that it was registered: it has no log."""
    number = AISystem.objects.count()
    return AISystem.objects.create(
        organisation=organisation,
        slug=f"bare-{number}",
        name=f"Bare {number}",
        purpose="To be counted.",
        position="provider",
        risk_class="minimal",
        risk_reasoning="None.",
        created_at=AT,
    )


def numbered(start: int, stop: int) -> list[bytes]:
    """Entries that tell their index."""
    return [b'{"number":%d,"type":"test"}' % number for number in range(start, stop)]


def fill(log: Log, start: int, stop: int, *, step: int = 500) -> None:
    """Append numbered entries in transactions of `step`."""
    for first in range(start, stop, step):
        with transaction.atomic():
            services.append(log=log, entries=numbered(first, min(first + step, stop)))


def execute(statement: str, *arguments: object) -> int:
    """Run one statement as the application's role; rows affected."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments)
        return cursor.rowcount
