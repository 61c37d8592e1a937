"""Liveness, readiness and metrics. They tell nothing about organisations."""

import os

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from governance.access import guards
from governance.health import selectors


@guards.public
@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers, and says which it is: `make run` ends one that is not heard of any more."""
    answer = HttpResponse("ok\n", content_type="text/plain; charset=utf-8")
    answer["X-Edgewise-Process"] = str(os.getpid())
    return answer


@guards.public
@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when everything a request needs is there, else 503 naming what is not."""
    checks = selectors.readiness()
    ready = all(outcome == "ok" for outcome in checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


@guards.public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(selectors.JobsCollector())
    registry.register(selectors.PortsCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
