"""Pages of cards: the public card, and where it is written, approved and published."""

import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from audits.reports import charts
from audits.reports.manifest import canonical, sha256
from governance import refusals
from governance.access import guards
from modelcards.cards import forms, freezing, selectors, services
from modelcards.cards.models import Card, CardVersion
from modelcards.cards.renderings import cyclonedx, huggingface, plain


@guards.require("view_governed")
def cards(request: guards.OrganisationRequest) -> HttpResponse:
    """The organisation's cards; who may manage them begins a version here."""
    may_manage = guards.allows(request, "manage_cards")
    form = forms.Begin(request.POST or None, organisation=request.organisation)
    if request.method == "POST" and may_manage and form.is_valid():
        with refusals.beside(form):
            version = services.draft(by=request.user, at=timezone.now(), **form.cleaned_data)
            return redirect("card_draft", version.card.slug)
    found = selectors.visible_to(organisation=request.organisation)
    rows = [{"card": card, "versions": list(selectors.versions(card=card))} for card in found]
    context = {"rows": rows, "form": form, "may_manage": may_manage}
    return render(request, "modelcards/cards/cards.html", context, status=422 if form.errors else 200)


@require_safe
@guards.public
def card(request: guards.OrganisationRequest, slug: str, number: str = "") -> HttpResponse:
    """A published card, for everybody."""
    version = published_or_404(slug, number)
    manifest = json.loads(version.manifest)
    numbers = selectors.published_numbers(card=version.card)
    context = {
        **shown(manifest),
        "version": version,
        "numbers": numbers,
        "newest": numbers[0] == version.number,
    }
    return render(request, "modelcards/cards/card.html", context)


def shown(manifest: dict[str, Any]) -> dict[str, Any]:
    """What the sections of a page need from a manifest."""
    body = manifest["body"]
    return {
        "about": manifest["about"],
        "body": body,
        "digest": sha256(canonical(manifest)),
        "pictures": charts.pictures(body["charts"]),
    }


def published_or_404(slug: str, number: str) -> CardVersion:
    """The newest published version, or the one numbered ``number``."""
    version = selectors.published(slug=slug, number=number)
    if version is None:
        raise Http404
    return version


@require_safe
@guards.public
def export(request: guards.OrganisationRequest, slug: str, number: str, form: str) -> HttpResponse:
    """A published card in another form: card.pdf, README.md, bom.cdx.json, card.json."""
    version = published_or_404(slug, number)
    manifest = json.loads(version.manifest)
    if form == "README.md":
        return HttpResponse(huggingface.readme(manifest), content_type="text/markdown; charset=utf-8")
    if form == "bom.cdx.json":
        return JsonResponse(
            cyclonedx.bom(manifest), content_type="application/vnd.cyclonedx+json; version=1.6"
        )
    if form == "card.json":
        return JsonResponse(plain.document(manifest))
    with version.file.open("rb") as file:
        response = HttpResponse(file.read(), content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="model-card-{slug}-{version.number}.pdf"'
    response["ETag"] = f'"{version.pdf_sha256}"'
    return response


def own_or_404(request: guards.OrganisationRequest, slug: str) -> tuple[Card, CardVersion]:
    """The organisation's card and its version in preparation."""
    found = selectors.get(organisation=request.organisation, slug=slug)
    version = selectors.in_preparation(card=found) if found else None
    if found is None or version is None:
        raise Http404
    return found, version


@guards.require("manage_cards")
def draft(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """The version in preparation: write it, see its figures as of now, approve, publish."""
    found, version = own_or_404(request, slug)
    form = forms.Write(request.POST or None, version=version)
    if request.method == "POST" and form.is_valid():
        with refusals.beside(form):
            services.write(version=version, sections=form.cleaned_data, by=request.user, at=timezone.now())
            messages.success(request, _("Text kept. It is public once you approve and publish it."))
            return redirect("card_draft", slug)
    context = {"card": found, "version": version, "form": form}
    return render(request, "modelcards/cards/draft.html", context, status=422 if form.errors else 200)


@require_safe
@guards.require("manage_cards")
def preview(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """The version in preparation as it would look, with the figures of this moment or as frozen."""
    _found, version = own_or_404(request, slug)
    if version.manifest:
        manifest = json.loads(version.manifest)
    else:
        manifest, _evidence = freezing.freeze(version, at=timezone.now())
    return render(
        request, "modelcards/cards/card.html", {**shown(manifest), "version": version, "preview": True}
    )


@require_POST
@guards.require("manage_cards")
def approve(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Freezes text and figures; a worker lays out the PDF."""
    _found, version = own_or_404(request, slug)
    now = timezone.now()
    with refusals.as_message(request):
        manifest, evidence = freezing.freeze(version, at=now)
        services.approve(version=version, manifest=manifest, evidence=evidence, by=request.user, at=now)
    return redirect("card_draft", slug)


@require_POST
@guards.require("manage_cards")
def publish(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Makes the version public."""
    _found, version = own_or_404(request, slug)
    with refusals.as_message(request):
        version = services.publish(version=version, by=request.user, at=timezone.now())
        messages.success(request, _("Version %s is public.") % version.number)
    return redirect("card" if version.state == CardVersion.State.PUBLISHED else "card_draft", slug)
