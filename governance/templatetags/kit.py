"""The component kit as template tags; ``docs/interface.md`` shows one example of each.

Bars are SVG attributes and never inline styles, so that the strict Content-Security-Policy holds.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django import template
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from governance.templatetags import formats, weights

register = template.Library()

EDGE_SLOTS = 8

register.filter("number", formats.number)
register.filter("percent", formats.percent)
register.filter("points", formats.points)
register.filter("signed", formats.signed)
register.filter("signed_points", formats.signed_points)
register.filter("fours", formats.fours)


@register.simple_tag
def edge(name: object, slot: int) -> SafeString:
    """An edge: swatch and name. ``slot`` is its place in the edge set, from 1; above eight the slots repeat."""
    return format_html(
        '<span class="edge"><span class="sw e{}" aria-hidden="true"></span>{}</span>',
        (int(slot) - 1) % EDGE_SLOTS + 1,
        name,
    )


@register.inclusion_tag("kit/bar.html")
def bar(value: float, maximum: float = 1, tick: float | None = None) -> dict[str, Any]:
    """A bar from 0 to ``maximum`` with an optional tick; hidden from readers, so print the figure beside it."""
    return {"width": _width(value, maximum), "tick": None if tick is None else _width(tick, maximum)}


@register.inclusion_tag("kit/meter.html")
def meter(
    text: str, value: float, maximum: float, tick: float | None = None, status: str = "", kind: str = ""
) -> dict[str, Any]:
    """Text first, then the bar, e.g. "15 of 19 agree votes"; ``status`` is a tag of ``kind`` at the right."""
    return {"text": text, "status": status, "kind": kind, **bar(value, maximum, tick)}


@register.simple_tag
def tag(kind: str, word: object) -> SafeString:
    """A status: shape, word and colour. ``kind``: good, live, warn, bad or "" (neutral)."""
    return format_html('<span class="{}">{}</span>', f"tag {kind}".strip(), word)


@register.inclusion_tag("kit/hash.html", name="hash")
def hash_value(value: str, label: str) -> dict[str, Any]:
    """A hash in groups of four; copying yields it without spaces."""
    return {"value": value, "grouped": formats.fours(value), "label": label}


@register.inclusion_tag("kit/hash_row.html")
def hash_row(value: str, label: str) -> dict[str, Any]:
    """The same as a row of ``<dl class="receipt">``."""
    return hash_value(value, label)


@register.inclusion_tag("kit/facts.html")
def facts(rows: Iterable[tuple[object, object]]) -> dict[str, Any]:
    """A description list from (term, value) pairs."""
    return {"rows": rows}


@register.inclusion_tag("kit/weights.html")
def weight_table(
    names: Mapping[str, str],
    new: Mapping[str, object],
    old: Mapping[str, object] | None = None,
    caption: str = "",
    new_label: str = "",
    old_label: str = "",
) -> dict[str, Any]:
    """Weights by edge in the order of ``names``, and, given ``old``, the signed change and a tick at the old value.

    Weights are shares of 1 (float or Fraction); they are shown in points of 100.
    """
    return {
        **weights.table(names, new, old),
        "caption": caption or _("Weights in points of 100"),
        "new_label": new_label or (_("New") if old else _("In force")),
        "old_label": old_label or _("In force"),
    }


@register.inclusion_tag("kit/field.html")
def field(bound: BoundField, mark_optional: bool = True) -> dict[str, Any]:
    """A form field: label, hint, control, and each error naming the remedy."""
    widget = bound.field.widget
    return {
        "field": bound,
        "check": isinstance(widget, CheckboxInput),
        "grouped": isinstance(widget, (RadioSelect, CheckboxSelectMultiple)),
        "optional": mark_optional and not bound.field.required,
    }


@register.inclusion_tag("kit/form_errors.html")
def form_errors(form: object) -> dict[str, Any]:
    """What is wrong with a whole form, on top of it, each error linking to its field."""
    return {"form": form}


@register.inclusion_tag("kit/timeline.html")
def timeline(stages: Sequence[Mapping[str, Any]], label: str) -> dict[str, Any]:
    """Stages in order, each with ``name``, ``when``, ``done`` and ``current``."""
    return {"stages": stages, "label": label}


@register.inclusion_tag("kit/document.html")
def document(url: str, name: str, note: str) -> dict[str, Any]:
    """One document in ``<ul class="docs">``: link, then format and state."""
    return {"url": url, "name": name, "note": note}


@register.inclusion_tag("kit/pager.html")
def pager(previous: str = "", next: str = "") -> dict[str, Any]:  # noqa: A002 - the word of the page
    """Links to the neighbouring pages of a list; each argument is a query string without "?"."""
    return {"previous": previous, "next": next}


@register.inclusion_tag("kit/job.html")
def job_progress(job: object) -> dict[str, Any]:
    """Progress of background work, refreshed each second where scripts run."""
    return {"job": job}


@register.simple_tag
def moment(at: datetime, parts: str = "datetime") -> SafeString:
    """A deadline or event, in UTC from the server and in the reader's time zone where scripts run.

    ``parts``: datetime or date.
    """
    text = formats.moment(at, parts)
    return format_html('<time datetime="{}" data-local="{}">{}</time>', at.isoformat(), parts, text)


@register.simple_tag
def record_time(at: datetime) -> SafeString:
    """A time on record: always UTC, to the second."""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), formats.record_time(at))


@register.simple_block_tag
def callout(content: str, kind: str, heading: str) -> SafeString:
    """A washed band whose heading states the fact; at most one per section."""
    return format_html('<div class="callout {}"><h3>{}</h3>{}</div>', kind, heading, content)


@register.simple_block_tag
def empty(content: str, heading: str) -> SafeString:
    """What will appear here, and when."""
    return format_html('<div class="empty"><strong>{}</strong>{}</div>', heading, content)


@register.simple_block_tag
def section(content: str, anchor: str, heading: str) -> SafeString:
    """A section of the main column or the aside, labelled by its heading."""
    return format_html(
        '<section class="sect" aria-labelledby="{0}"><h2 id="{0}">{1}</h2>{2}</section>',
        anchor,
        heading,
        content,
    )


@register.simple_block_tag
def scroll(content: str, label: str) -> SafeString:
    """The scroll region of one table; reachable by keyboard and named apart from the section around it."""
    return format_html(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}">{}</div>',
        _("%s, table") % label,
        content,
    )


@register.simple_block_tag
def crumbs(content: str) -> SafeString:
    """The way here: list items, the last with aria-current="page"."""
    return format_html(
        '<nav class="crumbs frame" aria-label="{}"><ol>{}</ol></nav>', _("Breadcrumb"), content
    )


@register.simple_block_tag
def twin(content: str, heading: str = "") -> SafeString:
    """The table that says the same as a chart."""
    return format_html(
        '<details class="twin"><summary>{}</summary>{}</details>',
        heading or _("The same as a table"),
        content,
    )


def _width(value: float, maximum: float) -> str:
    share = float(value) / float(maximum) if maximum else 0.0
    return f"{max(0.0, min(1.0, share)) * 100:.4g}"
