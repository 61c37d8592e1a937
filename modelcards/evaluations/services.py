"""Recording and signing evaluation results; both are entries in the system's log."""

import datetime as dt
import math
import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from edgewise.strict_json import canonical

from governance import trail
from governance.errors import DomainError
from governance.organisations.models import Person
from governance.systems.models import AISystem
from modelcards.evaluations.models import EvaluationResult

# With the other names of a result it stands in an index, of which a row takes 2.7 KB.
MAX_SLICE_BYTES = 1_000


class ValueNotFinite(DomainError):
    code = "value_not_finite"


class IntervalWrong(DomainError):
    code = "interval_wrong"


class SliceTooLong(DomainError):
    code = "slice_too_long"


class DataHashMissing(DomainError):
    code = "data_hash_missing"


class MeasuredInFuture(DomainError):
    code = "measured_in_future"


class ResultExists(DomainError):
    code = "evaluation_exists"
    status = 409


class AlreadySigned(DomainError):
    code = "evaluation_signed"
    status = 409


@trail.act()
def record(
    *,
    system: AISystem,
    suite: str,
    metric: str,
    value: float,
    data_sha256: str,
    measured_at: dt.datetime,
    by: trail.Actor,
    at: dt.datetime,
    low: float | None = None,
    high: float | None = None,
    slice: Mapping[str, str] | None = None,  # noqa: A002 - the field's standard word (CycloneDX)
    n: int | None = None,
    edge: str = "",
    model_version: str = "",
    data_name: str = "",
) -> EvaluationResult:
    """Adds one result; ``value`` in the metric's own unit, ``low`` and ``high`` its 95 % interval or both None."""
    _check(value=value, low=low, high=high, data_sha256=data_sha256, measured_at=measured_at, at=at)
    if len(canonical(dict(slice or {}))) > MAX_SLICE_BYTES:
        detail = _("A slice takes at most %d bytes of JSON. Name the part of the data by fewer facts.")
        raise SliceTooLong(detail % MAX_SLICE_BYTES, field="slice")
    result = EvaluationResult(
        system=system,
        model_version=model_version,
        suite=suite,
        metric=metric,
        edge=edge,
        value=value,
        low=low,
        high=high,
        slice=dict(slice or {}),
        n=n,
        data_name=data_name,
        data_sha256=data_sha256,
        measured_at=measured_at,
        created_at=at,
    )
    try:
        with transaction.atomic():
            result.save(force_insert=True)
    except IntegrityError as error:
        raise ResultExists(_("This result is recorded already; a new measurement has a new time.")) from error
    facts: dict[str, Any] = {
        "suite": suite,
        "metric": metric,
        "edge": edge,
        "value": value,
        "interval": [low, high],
        "n": n,
    }
    _record("evaluation.recorded", result, by, at, **facts, slice=result.slice, data_sha256=data_sha256)
    return result


@trail.act()
def sign(*, result: EvaluationResult, by: Person, at: dt.datetime) -> EvaluationResult:
    """A named person answers for the result. Signing cannot be undone."""
    locked = EvaluationResult.objects.select_for_update().get(pk=result.pk)
    if locked.signed_at is not None:
        raise AlreadySigned(_("This result is signed already."))
    locked.signed_by, locked.signed_at = by, at
    locked.save(update_fields=["signed_by", "signed_at"])
    _record("evaluation.signed", locked, by, at, suite=locked.suite, metric=locked.metric)
    return locked


def _check(
    *,
    value: float,
    low: float | None,
    high: float | None,
    data_sha256: str,
    measured_at: dt.datetime,
    at: dt.datetime,
) -> None:
    if not all(math.isfinite(number) for number in (value, low or 0.0, high or 0.0)):
        raise ValueNotFinite(_("A result is a finite number."), field="value")
    if (low is None) != (high is None):
        raise IntervalWrong(_("State both ends of the interval, or neither."), field="low")
    if low is not None and high is not None and not low <= value <= high:
        raise IntervalWrong(_("The interval has to hold the value."), field="low")
    if not re.fullmatch(r"[0-9a-f]{64}", data_sha256):
        raise DataHashMissing(
            _("Name the evaluation data by its SHA-256 (64 hexadecimal digits)."), field="data_sha256"
        )
    if measured_at > at:
        raise MeasuredInFuture(_("A result cannot be measured later than now."), field="measured_at")


def _record(event: str, result: EvaluationResult, by: trail.Actor, at: dt.datetime, **facts: Any) -> None:
    system = result.system
    subject = f"evaluation:{result.pk}"
    trail.record(
        event, organisation=system.organisation, system=system, by=by, at=at, subject=subject, **facts
    )
