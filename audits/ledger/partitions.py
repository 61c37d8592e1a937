"""Room for what comes: partitions of entries and decisions, made before a log reaches them."""

from django.db import connection


def make_room() -> int:
    """Makes the partitions that the largest log will need next; returns how many.

    The application owns no table: the owner's function does it, in a statement of its own, and leaves what it cannot
    lock within two seconds to the next call. Until then rows go to the DEFAULT partitions; none is refused.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT audits_make_room()")
        (made,) = cursor.fetchone()
    return int(made)
