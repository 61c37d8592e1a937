"""Pages that explain Edgewise to anybody."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from governance.access import guards


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
