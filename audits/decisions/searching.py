"""What a search for decisions asks for, read from a query string by pages and API alike."""

import datetime as dt
import math
from collections.abc import Mapping

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from edgewise.record import KINDS

from audits.decisions import days
from audits.decisions.links import LINKS
from audits.decisions.models import Decision
from audits.decisions.selectors import Filters
from governance.errors import DomainError
from governance.organisations.models import Organisation
from governance.systems import selectors as systems

# What a search may ask for, with a word on what is not plain. The API states these, the page offers some of them, and
# `make bench-10m` measures each.
OFFERED: dict[str, str] = {
    "system": "", "from": "", "to": "", "kind": "choice or assessment", "chosen": "", "driving_edge": "",
    "disposition": "", "verdict": "a verdict, or any", "model_version": "", "margin_below": "a share of 1",
    "context.community": "any context key", "trace_id": "", "span_id": "",
    "parent": "the id of the decision it follows", "clarification": "the dialog that led to it",
}  # fmt: skip


class FilterUnreadable(DomainError):
    """A filter that cannot be understood is refused, not ignored."""

    code = "filter_unreadable"
    status = 400


def filters(*, organisation: Organisation, query: Mapping[str, str]) -> Filters:
    """Filters from a query string that has what is OFFERED."""
    slug = query.get("system", "").strip()
    system = systems.get(organisation=organisation, slug=slug) if slug else None
    if slug and system is None:
        raise FilterUnreadable(_("There is no system %s.") % slug, field="system")
    disposition = query.get("disposition", "").strip()
    if disposition and disposition not in Decision.Disposition.values:
        raise FilterUnreadable(_("There is no disposition %s.") % disposition, field="disposition")
    kind = query.get("kind", "").strip()
    if kind and kind not in KINDS:
        raise FilterUnreadable(_("There is no kind %s.") % kind, field="kind")
    return Filters(
        system=system,
        start=_moment(query, "from"),
        end=_moment(query, "to"),
        context={key[8:]: value for key, value in query.items() if key.startswith("context.") and value},
        chosen=query.get("chosen", "").strip(),
        driving_edge=query.get("driving_edge", "").strip(),
        disposition=disposition,
        verdict=query.get("verdict", "").strip(),
        model_version=query.get("model_version", "").strip(),
        kind=kind,
        margin_below=_number(query, "margin_below"),
        **{name: query.get(name, "").strip() for name in LINKS},
    )


def _moment(query: Mapping[str, str], name: str) -> dt.datetime | None:
    """A date (its midnight, UTC) or a time; ``to`` as a date includes that day."""
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        moment, day = parse_datetime(text.replace(" ", "+")), parse_date(text)
        if day is not None:
            moment = dt.datetime.combine(days.after(day) if name == "to" else day, dt.time(), dt.UTC)
        if moment is not None:
            return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        pass
    raise FilterUnreadable(_("Write %s as 2026-11-20 or 2026-11-20T18:00Z.") % name, field=name)


def _number(query: Mapping[str, str], name: str) -> float | None:
    text = query.get(name, "").strip()
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isnan(number):
        raise FilterUnreadable(_("%s is not a number.") % name, field=name)
    return number


def cursor(query: Mapping[str, str], name: str) -> tuple[int, int] | None:
    """A place between pages, as ``place`` wrote it."""
    system, _dot, index = query.get(name, "").partition(".")
    if not query.get(name):
        return None
    if not (system.isdecimal() and index.isdecimal() and len(system) < 19 and len(index) < 19):
        raise FilterUnreadable(_("The cursor was not given out here."), field=name)
    return int(system), int(index)


def place(cursor: tuple[int, int]) -> str:
    """A cursor as it stands in a query string."""
    return f"{cursor[0]}.{cursor[1]}"
