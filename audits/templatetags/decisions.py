"""Small words of decision pages."""

from collections.abc import Mapping

from django import template

from governance.templatetags import formats

register = template.Library()


@register.filter
def named(names: Mapping[str, str], slug: str | None) -> str:
    """The name behind a slug; the slug itself where nobody named it, an en dash for none."""
    return formats.NOTHING if slug is None else str(names.get(slug, slug))


@register.filter
def short_id(identity: object) -> str:
    """The first two groups of a UUID, as people quote it."""
    return "-".join(str(identity).split("-")[:2])
