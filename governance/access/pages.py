"""Cursor pagination of API lists: `next`, `previous`, ordered by a unique key."""

from rest_framework.pagination import CursorPagination


class ByKey(CursorPagination):
    """Newest first, by primary key."""

    ordering = "-pk"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 500
