"""``GET /api/v1/policy``: how a model fetches what it has to follow."""

import time
from typing import Any

from django.db import transaction
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import problems
from governance.access.api import Requires, SystemScope, organisation_of, system_of
from governance.access.pages import ByKey
from governance.policies import canonical, selectors, waiting
from governance.policies.models import Policy
from governance.systems import selectors as systems
from governance.systems.models import AISystem

NOT_CONTEXT = frozenset({"format"})
_SIGNATURE = "\n\N{EM DASH} "


class PolicyInForce(APIView):
    """The policy in force for the key's system in the context given by the query."""

    for_machines = True
    permission_classes = [SystemScope("policy:read")]

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "community", str, description="Any context key; the most specific policy applies."
            ),
            OpenApiParameter(
                "If-None-Match", str, OpenApiParameter.HEADER, description="304 while unchanged."
            ),
            OpenApiParameter(
                "Prefer", str, OpenApiParameter.HEADER, description="wait=30 long-polls for a change."
            ),
        ],
        responses={200: dict, 304: None, **problems.may_be(404)},
    )
    def get(self, request: Request) -> Response:
        system = system_of(request)
        context = {
            name: str(value) for name, value in request.query_params.items() if name not in NOT_CONTEXT
        }
        known = request.headers.get("If-None-Match", "")
        policy = self._current(system, context)
        if names(known, policy):
            seconds = waiting.seconds(request.headers.get("Prefer", ""))
            policy = self._wait_for_change(system, context, policy, seconds)
        unchanged = names(known, policy)
        response = Response(status=304) if unchanged else Response(_with_keys(policy))
        response["ETag"] = etag(policy)
        response["Cache-Control"] = "private, no-cache"
        return response

    def _wait_for_change(
        self, system: AISystem, context: dict[str, str], policy: Policy, seconds: float
    ) -> Policy:
        with waiting.place() as granted:
            deadline = time.monotonic() + (seconds if granted else 0)
            current = policy
            while current.pk == policy.pk and time.monotonic() < deadline:
                time.sleep(waiting.POLL_SECONDS)
                current = self._current(system, context)
        return current

    def _current(self, system: AISystem, context: dict[str, str]) -> Policy:
        with transaction.atomic():
            return selectors.in_force(system=system, context=context, at=timezone.now())


class Policies(APIView):
    """Every version of the policy of ``?system=``, newest first."""

    permission_classes = [Requires("view_governed")]

    @extend_schema(parameters=[OpenApiParameter("system", str, required=True)], responses={200: dict})
    def get(self, request: Request) -> Response:
        organisation = organisation_of(request)
        slug = request.query_params.get("system", "")
        system = systems.get(organisation=organisation, slug=slug) if organisation else None
        if system is None:
            raise Http404
        page = ByKey()
        policies = page.paginate_queryset(selectors.history(system=system), request, view=self) or []
        return page.get_paginated_response([as_json(policy) for policy in policies])


def _with_keys(policy: Policy) -> dict[str, Any]:
    """The policy, and where its key was rotated what shows that the keys after the first are the deployment's own."""
    announcements = [key.note for key in selectors.successor_keys()]
    return as_json(policy) | ({"key_announcements": announcements} if announcements else {})


def etag(policy: Policy) -> str:
    """Strong: it names the digest of what is served and how often it is signed; a new key adds its signature."""
    return f'"{policy.digest}-{policy.note.count(_SIGNATURE)}"'


def names(known: str, policy: Policy) -> bool:
    """Whether an ``If-None-Match`` header names the policy: one tag, a list, weak ones, or ``*`` (RFC 9110, 13.1.2)."""
    tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return bool(tags & {etag(policy), "*"})


def as_json(policy: Policy) -> dict[str, Any]:
    """All that is signed, its weights twice: as numbers to compute with and as exact rationals to check."""
    return {
        "schema": canonical.SCHEMA,
        "organisation": policy.system.organisation.slug,
        "system": policy.system.slug,
        "version": policy.version,
        "digest": policy.digest,
        "context": policy.context,
        "state": policy.state,
        "rule": policy.rule,
        "weights": policy.weights_float,
        "weights_exact": policy.weights,
        "norms": policy.norms,
        "bounds": policy.bounds,
        "tiers": policy.tiers,
        "clarification_threshold": policy.clarification_threshold,
        "rationale_required": policy.rationale_required,
        "reference": policy.reference_profile,
        "adapter": policy.adapter,
        "edge_set": policy.edge_set.version,
        "in_force_from": policy.in_force_from.isoformat(),
        "review_by": policy.review_by.isoformat() if policy.review_by else None,
        "source": policy.source,
        "note": policy.note,
    }
