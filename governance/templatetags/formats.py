"""How figures and times are written: no-break spaces, a true minus, the reader's grouping."""

from datetime import UTC, datetime
from typing import SupportsFloat

from django.utils import formats as django_formats
from django.utils.formats import date_format

NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
NOTHING = "\N{EN DASH}"

# A template hands over an empty string for what a context lacks.
Figure = SupportsFloat | str | None


def number(value: Figure, places: int = 0) -> str:
    """``value`` with grouping and ``places`` decimals; an en dash where there is no value."""
    if value is None or value == "":
        return NOTHING
    rounded = round(float(value), places) + 0.0
    text = django_formats.number_format(abs(rounded), places, use_l10n=True, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text


def percent(value: Figure, places: int = 1) -> str:
    """A share of 1 as per cent: ``0.061`` → ``6.1 %``."""
    return NOTHING if value is None or value == "" else f"{number(float(value) * 100, places)}{NO_BREAK}%"


def points(value: Figure, places: int = 0) -> str:
    """A share of 1 in points of 100: ``9/28`` with 2 places → ``32.14``."""
    return NOTHING if value is None or value == "" else number(float(value) * 100, places)


def signed(value: Figure, places: int = 2) -> str:
    """With plus or true minus; zero has no sign."""
    if value is None or value == "":
        return NOTHING
    text = number(value, places)
    return f"+{text}" if round(float(value), places) > 0 else text


def signed_points(value: Figure, places: int = 0) -> str:
    """A change of a share of 1, in signed points of 100."""
    return NOTHING if value is None or value == "" else signed(float(value) * 100, places)


def fours(value: str) -> str:
    """A hash in groups of four."""
    text = str(value)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def moment(at: datetime, parts: str = "datetime") -> str:
    """``20 November 2026, 18:00 UTC``, or the date alone."""
    day = date_format(at.astimezone(UTC), "j F Y")
    return day if parts == "date" else f"{day}, {at.astimezone(UTC):%H:%M}{NO_BREAK}UTC"


def record_time(at: datetime) -> str:
    """``12 Nov 2026, 09:41:07 UTC``."""
    return f"{date_format(at.astimezone(UTC), 'j M Y')}, {at.astimezone(UTC):%H:%M:%S}{NO_BREAK}UTC"
