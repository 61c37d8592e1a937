"""Questions about reports."""

import json
import uuid
from typing import Any

from django.db.models import QuerySet

from audits.reports.models import Report
from governance.organisations.models import Organisation


def visible_to(*, organisation: Organisation) -> QuerySet[Report]:
    """The organisation's reports, newest first."""
    return (
        Report.objects.filter(organisation=organisation)
        .select_related("system", "job", "requested_by", "superseded_by")
        .order_by("-number")
    )


def get(*, organisation: Organisation, id: uuid.UUID) -> Report | None:  # noqa: A002
    return visible_to(organisation=organisation).filter(pk=id).first()


def with_id(*, id: uuid.UUID) -> Report | None:  # noqa: A002
    """Any organisation's report: for the worker that makes it."""
    return Report.objects.select_related("organisation", "system", "requested_by").filter(pk=id).first()


def issued(*, id: uuid.UUID) -> Report | None:  # noqa: A002
    """A report that was finished, by the id printed on it; for the public page that says whether it still stands.

    One erased since is told as such: its copies are still the ones that were issued.
    """
    return (
        Report.objects.select_related("organisation", "superseded_by")
        .filter(pk=id, state__in=[Report.State.FINISHED, Report.State.ERASED])
        .first()
    )


def body(*, report: Report) -> dict[str, Any]:
    """What the pages of a finished report show; empty before."""
    return dict(json.loads(report.manifest)["body"]) if report.manifest else {}
