"""Pages that explain Edgewise to anybody."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from governance.access import guards
from governance.guide import reference


@guards.public
def how_votes_are_counted(request: HttpRequest) -> HttpResponse:
    return render(request, "governance/guide/how_votes_are_counted.html")


@guards.public
def verify_the_log(request: HttpRequest) -> HttpResponse:
    context = {"origin": settings.EDGEWISE_ORIGIN, "base_url": settings.EDGEWISE_BASE_URL}
    return render(request, "governance/guide/verify_the_log.html", context)


@guards.public
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "governance/guide/accessibility.html")


@guards.public
def api(request: HttpRequest) -> HttpResponse:
    """What ``/api/v1/`` offers."""
    context = {"nouns": reference.operations(), "document": reverse("openapi")}
    return render(request, "governance/guide/api.html", context)
