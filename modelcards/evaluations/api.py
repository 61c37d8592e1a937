"""``/api/v1/evaluations``: suites post results with a system's key; people post, read and sign them."""

import uuid
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import problems
from governance.access.api import (
    Requires,
    SystemPrincipal,
    SystemScope,
    acting_organisation,
    caller_of,
    person_of,
)
from governance.access.pages import ByCursor
from governance.systems import selectors as systems
from governance.systems.models import AISystem
from modelcards.evaluations import selectors, services

SCOPE = "evaluations:write"


class Newest(ByCursor):
    """Last recorded first; ids settle ties."""

    ordering = ("-created_at", "-pk")
    page_size = 100


class ResultOut(serializers.Serializer[Any]):
    """A result as the API shows it."""

    id = serializers.UUIDField()
    system = serializers.CharField(source="system.slug")
    model_version = serializers.CharField()
    suite = serializers.CharField()
    metric = serializers.CharField()
    edge = serializers.CharField()
    value = serializers.FloatField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    slice = serializers.DictField()
    n = serializers.IntegerField(allow_null=True)
    data_name = serializers.CharField()
    data_sha256 = serializers.CharField()
    measured_at = serializers.DateTimeField()
    signed_at = serializers.DateTimeField(allow_null=True)


class ResultIn(serializers.Serializer[Any]):
    """One result; people name the system, a key is of one."""

    system = serializers.SlugField(required=False)
    model_version = serializers.CharField(max_length=60, default="", allow_blank=True)
    suite = serializers.CharField(max_length=80)
    metric = serializers.CharField(max_length=80)
    edge = serializers.SlugField(max_length=40, default="", allow_blank=True)
    value = serializers.FloatField()
    low = serializers.FloatField(default=None, allow_null=True)
    high = serializers.FloatField(default=None, allow_null=True)
    slice = serializers.DictField(child=serializers.CharField(max_length=120), default=dict)
    n = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=None, allow_null=True)
    data_name = serializers.CharField(max_length=120, default="", allow_blank=True)
    data_sha256 = serializers.CharField()
    measured_at = serializers.DateTimeField()


class Results(APIView):
    """List results; post one."""

    pagination_class = Newest

    def get_permissions(self) -> list[Any]:
        """Everybody of the organisation reads; a system's key or who manages cards posts."""
        if self.request.method == "POST":
            return [(SystemScope(SCOPE) | Requires("manage_cards"))()]
        return [Requires("view_governed")()]

    @extend_schema(operation_id="evaluations_list", responses=ResultOut(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            selectors.visible_to(organisation=acting_organisation(request)), request, self
        )
        return pages.get_paginated_response(ResultOut(page, many=True).data)

    @extend_schema(request=ResultIn, responses={201: ResultOut, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        asked = ResultIn(data=request.data)
        asked.is_valid(raise_exception=True)
        data = dict(asked.validated_data)
        slug = data.pop("system", None)
        caller = caller_of(request)
        by = caller.key if isinstance(caller, SystemPrincipal) else person_of(request)
        result = services.record(system=self._system(request, slug), by=by, at=timezone.now(), **data)
        return Response(ResultOut(result).data, status=201)

    def _system(self, request: Request, slug: str | None) -> AISystem:
        caller = caller_of(request)
        if isinstance(caller, SystemPrincipal):
            found = caller.system if slug in {None, caller.system.slug} else None
        else:
            found = systems.get(organisation=acting_organisation(request), slug=slug or "")
        if found is None:
            raise Http404
        return found


class Signature(APIView):
    """A named person answers for a result."""

    permission_classes = [Requires("manage_cards")]

    @extend_schema(request=None, responses=ResultOut)
    def post(self, request: Request, id: uuid.UUID) -> Response:  # noqa: A002
        result = selectors.get(organisation=acting_organisation(request), id=id)
        if result is None:
            raise Http404
        return Response(
            ResultOut(services.sign(result=result, by=person_of(request), at=timezone.now())).data
        )
