"""Reading decisions over the API, and feedback on them."""

import uuid
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotAcceptable
from rest_framework.permissions import BasePermission
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.decisions import (
    basis,
    disclosure,
    explaining,
    exploring,
    feedback,
    nearby,
    presenting,
    schema,
    searching,
    selectors,
)
from audits.decisions.models import Decision
from audits.ledger import selectors as ledger
from governance.access import selectors as access
from governance.access.api import Requires, SystemScope, acting_organisation, person_of
from governance.access.models import ApiKey
from governance.organisations.models import Person


class ReadsOrPosted(BasePermission):
    """A person who may read decisions, or a system's key with one of ``scopes`` (its own decisions are looked up)."""

    scopes: tuple[str, ...] = ("decisions:read",)

    def has_permission(self, request: Request, view: APIView) -> bool:
        allowed = [Requires("view_decisions"), *map(SystemScope, self.scopes)]
        return any(each().has_permission(request, view) for each in allowed)


class ReadsOrLogs(ReadsOrPosted):
    """The same, and who may log: a receipt belongs to who logged."""

    scopes = ("decisions:read", "decisions:write")


def _decision(request: Request, identity: uuid.UUID) -> Decision:
    """The decision if the request may know of it; 404 otherwise, whatever the reason."""
    system = request.auth.system if isinstance(request.auth, ApiKey) else None
    found = selectors.get(organisation=acting_organisation(request), id=identity, system=system)
    if found is None:
        raise Http404
    return found


def listed(request: Request) -> Response:
    """One page of a search, with links to its neighbours; where it stopped early, how far back it has come."""
    organisation, query = acting_organisation(request), request.query_params.dict()
    page = exploring.search(
        organisation=organisation,
        filters=searching.filters(organisation=organisation, query=query),
        after=searching.cursor(query, "after"),
        before=searching.cursor(query, "before"),
    )
    rests = {
        system: basis.of_system(system=system) for system in {found.decision.system for found in page.rows}
    }
    rows = [presenting.row(found, rests[found.decision.system]) for found in page.rows]
    links = {"next": _link(request, "after", page.next), "previous": _link(request, "before", page.previous)}
    return Response({**links, "searched_to": page.searched_to, "results": rows})


def _link(request: Request, name: str, cursor: tuple[int, int] | None) -> str | None:
    if cursor is None:
        return None
    kept = {
        key: value for key, value in request.query_params.dict().items() if key not in ("after", "before")
    }
    return request.build_absolute_uri("?" + urlencode({**kept, name: searching.place(cursor)}))


class OneDecision(APIView):
    """One decision with attribution, conformance and its place in the log."""

    permission_classes = (Requires("view_decisions"),)

    @extend_schema(responses=schema.Decision)
    def get(self, request: Request, identity: uuid.UUID) -> Response:
        """The record as logged and what follows from it; owners and auditors may ``?open=1`` the sealed values."""
        decision = _decision(request, identity)
        opened = None
        if _may_open(request):
            opened = disclosure.disclose(decision=decision, by=person_of(request), at=timezone.now())
        told = selectors.feedback_on(decision=decision)
        explanation = explaining.explain(decision=decision)
        following, _more = nearby.following(decision=decision, most=exploring.PAGE)
        return Response(presenting.full(explanation, opened, told, _basis(explanation), following))


def _basis(explanation: explaining.Explanation) -> basis.Basis:
    return basis.of_policy(system=explanation.decision.system, policy=explanation.policy)


def _may_open(request: Request) -> bool:
    """Sealed values are opened on request, for those who may export evidence."""
    person = request.user
    if request.query_params.get("open") != "1" or not isinstance(person, Person):
        return False
    return access.may(person=person, permission="export_reports", organisation=acting_organisation(request))


class Proof(APIView):
    """The receipt of one decision (C2SP tlog-proof)."""

    permission_classes = (ReadsOrLogs,)

    @extend_schema(responses={(200, "text/plain"): str})
    def get(self, request: Request, identity: uuid.UUID) -> HttpResponse | Response:
        """Kept by the model; verifies offline. 404 ``not_yet_published`` for a moment after logging."""
        decision = _decision(request, identity)
        receipt = ledger.receipt(log=ledger.log_for(system=decision.system), index=decision.index)
        name = f'attachment; filename="{decision.uuid}.tlog-proof"'
        return HttpResponse(
            receipt, content_type="text/plain; charset=utf-8", headers={"Content-Disposition": name}
        )

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, ledger.NotYetPublished):
            response["Retry-After"] = "1"
        return response


class HtmlRenderer(BaseRenderer):
    """Lets a request ask for HTML; the view writes it."""

    media_type, format, charset = "text/html", "html", "utf-8"

    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None
    ) -> bytes:
        return render_to_string("audits/decisions/problem.html", {"problem": data}).encode()


class Explained(APIView):
    """The explanation of one decision, as JSON or HTML by ``Accept``."""

    permission_classes = (ReadsOrPosted,)
    renderer_classes = (JSONRenderer, HtmlRenderer)

    @extend_schema(
        responses={
            (200, "application/json"): schema.Explanation,
            **dict.fromkeys([(status, "text/html") for status in (200, 400, 401, 403, 404, 503)], str),
        }
    )
    def get(self, request: Request, identity: uuid.UUID) -> HttpResponse | Response:
        """Which edge decided, what would have changed it, and whether the policy was followed."""
        explanation = explaining.explain(decision=_decision(request, identity))
        document = presenting.explanation_document(explanation, _basis(explanation))
        if request.accepted_renderer is None:
            raise NotAcceptable
        if request.accepted_renderer.format == "html":
            shown = {**document, "unscored": explanation.unscored}
            page = render_to_string("audits/decisions/explanation.html", shown)
            return HttpResponse(page)
        return Response(document)

    def handle_exception(self, exc: Exception) -> Response:
        """A problem in the form that was asked for."""
        response = super().handle_exception(exc)
        if isinstance(getattr(self.request, "accepted_renderer", None), HtmlRenderer):
            response.content_type = "text/html; charset=utf-8"
        return response


class FeedbackOn(APIView):
    """How a decision turned out."""

    permission_classes = (SystemScope("decisions:write"),)

    @extend_schema(request=schema.Feedback, responses={201: schema.Feedback, 200: schema.Feedback})
    def post(self, request: Request, identity: uuid.UUID) -> Response:
        """Satisfaction 0..1, whether it was an error, and whose feedback it is; told once per decision."""
        given = schema.Feedback(data=request.data)
        given.is_valid(raise_exception=True)
        decision, key = _decision(request, identity), request.auth
        assert isinstance(key, ApiKey)
        _row, new = feedback.give(decision=decision, by=key, at=timezone.now(), **given.validated_data)
        return Response(given.validated_data, status=201 if new else 200)
