"""The yardsticks over HTTP: a minimal Django view that INSERTs one row and COMMITs, and one that only answers.

Served by the same web server with the same number of processes and threads; no middleware, no authentication.
"""

import os
from urllib.parse import parse_qsl, urlsplit

import django
from django.conf import settings
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import path

TABLE = "bench_minimal"
TILE = bytes(8_192)


def add(request: HttpRequest) -> HttpResponse:
    """One row, committed before the answer."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {TABLE} (entry) VALUES (%s)", [request.body])
    return HttpResponse(b"{}", status=201, content_type="application/json", headers={"Content-Length": "2"})


def same(request: HttpRequest) -> HttpResponse:
    """As many bytes as a full tile has, from memory."""
    return HttpResponse(TILE, content_type="application/octet-stream", headers={"Content-Length": len(TILE)})


urlpatterns = [path("add", add), path("same", same)]


def _database() -> dict[str, object]:
    url = urlsplit(os.environ["DATABASE_URL"])
    host = dict(parse_qsl(url.query)).get("host") or url.hostname or ""
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.path.lstrip("/"),
        "USER": url.username or "",
        "PASSWORD": url.password or "",
        "HOST": host,
        "PORT": str(url.port or ""),
        "CONN_MAX_AGE": 60,
    }


def application() -> WSGIHandler:
    """The WSGI application."""
    settings.configure(
        SECRET_KEY="bench",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF="bench.minimal",
        DATABASES={"default": _database()},
        MIDDLEWARE=[],
        USE_TZ=True,
    )
    django.setup()
    return WSGIHandler()
