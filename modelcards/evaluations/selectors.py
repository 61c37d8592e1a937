"""Questions about evaluation results."""

import datetime as dt
import uuid
from typing import Any

from django.db.models import QuerySet

from governance.organisations.models import Organisation
from governance.systems.models import AISystem
from modelcards.evaluations.models import EvaluationResult


def of_system(*, system: AISystem) -> QuerySet[EvaluationResult]:
    """Every result of a system, newest measurement first."""
    results = EvaluationResult.objects.filter(system=system).select_related("signed_by")
    return results.order_by("-measured_at", "suite", "metric", "edge", "pk")


def visible_to(*, organisation: Organisation) -> QuerySet[EvaluationResult]:
    """The organisation's results, last recorded first."""
    results = EvaluationResult.objects.filter(system__organisation=organisation)
    return results.select_related("system", "signed_by").order_by("-created_at", "-pk")


def get(*, organisation: Organisation, id: uuid.UUID) -> EvaluationResult | None:  # noqa: A002
    return visible_to(organisation=organisation).filter(pk=id).first()


def evidence(*, system: AISystem, start: dt.datetime, end: dt.datetime) -> dict[str, list[dict[str, Any]]]:
    """For compliance reports (port ``AUDITS_EVIDENCE_SOURCES``): results measured before ``end``, by suite and metric.

    A result stays evidence after its window: what was validated before still describes the system.
    """
    results = EvaluationResult.objects.filter(system=system, measured_at__lt=end).order_by(
        "measured_at", "pk"
    )
    rows = [row(result) for result in results]
    return {
        "evaluations": sorted(
            rows, key=lambda each: (each["suite"], each["metric"], len(each["slice"]), str(each["slice"]))
        )
    }


def row(result: EvaluationResult) -> dict[str, Any]:
    """One result as a row of evidence."""
    return {
        "id": str(result.pk),
        "suite": result.suite,
        "metric": result.metric,
        "edge": result.edge,
        "value": result.value,
        "low": result.low,
        "high": result.high,
        "slice": result.slice,
        "n": result.n,
        "model_version": result.model_version,
        "data_name": result.data_name,
        "data_sha256": result.data_sha256,
        "measured_at": result.measured_at.isoformat(),
        "signed": result.signed_at is not None,
        "signed_by": f"person:{result.signed_by_id}" if result.signed_by_id else None,
        "has_interval": result.low is not None,
    }
