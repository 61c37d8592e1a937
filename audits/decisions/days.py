"""Windows of whole days."""

import datetime as dt


def after(day: dt.date) -> dt.date:
    """The day that ends a window with ``day`` in it; the last of the calendar ends itself: none comes after it."""
    return day + dt.timedelta(days=1) if day < dt.date.max else day
