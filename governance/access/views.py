"""The keys of a system, and a person's own account."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from governance import refusals
from governance.access import forms, guards, once, selectors, services
from governance.organisations import selectors as organisations
from governance.systems import lookup


@never_cache
@guards.require("manage_keys")
def keys(request: guards.OrganisationRequest, slug: str) -> HttpResponse:
    """Keys of one system. A new key's secret is in this one answer and nowhere else."""
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    form, secret = forms.NewKey(request.POST or None, initial={"once": once.token()}), ""
    if request.method == "POST" and form.is_valid() and _first_time(request, form):
        now = timezone.now()
        with refusals.beside(form):
            _key, secret = services.create_api_key(
                system=system,
                label=form.cleaned_data["label"],
                scopes=tuple(form.cleaned_data["scopes"]),
                expires_at=form.expires_at(now),
                by=request.user,
                at=now,
            )
    context = {
        "system": system,
        "keys": selectors.keys_of(system=system),
        "form": form if form.errors else forms.NewKey(initial={"once": once.token()}),
        "secret": secret,
        "now": timezone.now(),
    }
    return render(request, "governance/access/keys.html", context, status=422 if form.errors else 200)


@require_POST
@guards.require("manage_keys")
def revoke_key(request: guards.OrganisationRequest, slug: str, key_id: int) -> HttpResponse:
    system = lookup.system_or_404(organisation=request.organisation, slug=slug)
    key = get_object_or_404(selectors.keys_of(system=system), pk=key_id)
    with refusals.as_message(request):
        services.revoke_api_key(key=key, by=request.user, at=timezone.now())
        messages.success(request, _("Revoked. Requests with this key are refused from now on."))
    return redirect("keys", slug)


@never_cache
@guards.signed_in
def account(request: guards.OrganisationRequest) -> HttpResponse:
    """The person's own tokens, sign-in settings and organisations."""
    form, secret = forms.NewToken(request.POST or None, initial={"once": once.token()}), ""
    if request.method == "POST" and form.is_valid() and _first_time(request, form):
        now = timezone.now()
        with refusals.beside(form):
            _token, secret = services.create_personal_token(
                person=request.user,
                organisation=request.organisation,
                label=form.cleaned_data["label"],
                scopes=form.scopes(),
                expires_at=form.expires_at(now),
                by=request.user,
                at=now,
            )
    context = {
        "form": form if form.errors else forms.NewToken(initial={"once": once.token()}),
        "secret": secret,
        "tokens": selectors.tokens_of(person=request.user, organisation=request.organisation),
        "organisations": organisations.all_of_person(person=request.user),
        "now": timezone.now(),
    }
    return render(request, "governance/access/account.html", context, status=422 if form.errors else 200)


@require_POST
@guards.signed_in
def revoke_token(request: guards.OrganisationRequest, token_id: int) -> HttpResponse:
    tokens = selectors.tokens_of(person=request.user, organisation=request.organisation)
    token = tokens.filter(pk=token_id).first()
    if token is None:
        raise Http404
    with refusals.as_message(request):
        services.revoke_personal_token(token=token, by=request.user, at=timezone.now())
        messages.success(request, _("Revoked. Requests with this token are refused from now on."))
    return redirect("account")


def _first_time(request: guards.OrganisationRequest, form: forms.Labelled) -> bool:
    if once.spend(request, form.cleaned_data["once"]):
        return True
    messages.warning(
        request, _("This form was sent before; its secret was shown then. Create another if it is lost.")
    )
    return False
