"""Erasures, legal holds and retention over HTTP: the same acts that the page offers."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.protection import erasing, holding, retaining, selectors
from audits.protection.models import Erasure, Hold
from governance.access import problems
from governance.access.api import Requires, acting_organisation, organisation_of, person_of
from governance.access.pages import ByKey
from governance.systems import selectors as systems
from governance.systems.models import AISystem

READ = Requires("manage_organisation", "manage_systems", "export_reports")
ASK = Requires("manage_organisation", "manage_systems")
HOLD = Requires("manage_organisation")


class ErasureOutput(serializers.ModelSerializer[Erasure]):
    """An erasure by its number; whose it is, is not told."""

    class Meta:
        model = Erasure
        fields: ClassVar = ["id", "state", "requested_at", "due_on", "executed_at", "records"]


class ErasureInput(serializers.Serializer[Any]):
    """``reference`` exactly as the model writes it in ``subject.ref``."""

    reference = serializers.CharField(max_length=2_000, trim_whitespace=False)


class HoldOutput(serializers.ModelSerializer[Hold]):
    """A legal hold by its number."""

    class Meta:
        model = Hold
        fields: ClassVar = ["id", "placed_at", "lifted_at"]


class HoldInput(ErasureInput):
    """Whose data are kept, and why; the log seals the reason."""

    reason = serializers.CharField(max_length=4_000)


class LiftInput(serializers.Serializer[Any]):
    """Why the data need not be kept any longer."""

    reason = serializers.CharField(max_length=4_000)


class RetentionBody(serializers.Serializer[Any]):
    """``days`` null: payloads are kept until they are erased."""

    days = serializers.IntegerField(min_value=1, max_value=36_500, allow_null=True)


class Erasures(generics.ListAPIView[Erasure]):
    """The organisation's erasures; POST asks for one."""

    serializer_class = ErasureOutput
    pagination_class = ByKey

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [ASK() if self.request.method == "POST" else READ()]

    def get_queryset(self) -> QuerySet[Erasure]:
        organisation = organisation_of(self.request)
        return selectors.erasures(organisation=organisation) if organisation else Erasure.objects.none()

    @extend_schema(request=ErasureInput, responses={202: ErasureOutput, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        """Ask that everything about a person be destroyed; a worker does it, unless a legal hold stands."""
        asked = ErasureInput(data=request.data)
        asked.is_valid(raise_exception=True)
        erasure = erasing.request(
            organisation=acting_organisation(request),
            by=person_of(request),
            at=timezone.now(),
            **asked.validated_data,
        )
        return Response(ErasureOutput(erasure).data, status=202)


class OneErasure(generics.RetrieveAPIView[Erasure]):
    """How far an erasure is."""

    serializer_class = ErasureOutput
    permission_classes = [READ]

    def get_queryset(self) -> QuerySet[Erasure]:
        organisation = organisation_of(self.request)
        return selectors.erasures(organisation=organisation) if organisation else Erasure.objects.none()


class Holds(generics.ListAPIView[Hold]):
    """The organisation's legal holds; POST places one."""

    serializer_class = HoldOutput
    pagination_class = ByKey

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [HOLD() if self.request.method == "POST" else READ()]

    def get_queryset(self) -> QuerySet[Hold]:
        organisation = organisation_of(self.request)
        return selectors.holds(organisation=organisation) if organisation else Hold.objects.none()

    @extend_schema(request=HoldInput, responses={201: HoldOutput, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        """Keep a person's data from erasure and expiry until the hold is lifted."""
        asked = HoldInput(data=request.data)
        asked.is_valid(raise_exception=True)
        hold = holding.place(
            organisation=acting_organisation(request),
            by=person_of(request),
            at=timezone.now(),
            **asked.validated_data,
        )
        return Response(HoldOutput(hold).data, status=201)


class LiftHold(APIView):
    """Ends a hold; an erasure that waited for it goes on."""

    permission_classes = [HOLD]

    @extend_schema(request=LiftInput, responses=HoldOutput)
    def post(self, request: Request, pk: int) -> Response:
        found = selectors.hold(organisation=acting_organisation(request), pk=pk)
        if found is None:
            raise Http404
        asked = LiftInput(data=request.data)
        asked.is_valid(raise_exception=True)
        lifted = holding.lift(hold=found, by=person_of(request), at=timezone.now(), **asked.validated_data)
        return Response(HoldOutput(lifted).data)


class Retention(APIView):
    """How many days a system keeps payloads after they were logged."""

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [ASK() if self.request.method == "PUT" else READ()]

    @extend_schema(responses=RetentionBody)
    def get(self, request: Request, slug: str) -> Response:
        kept = selectors.retention(system=_system(request, slug))
        return Response({"days": kept.days if kept else None})

    @extend_schema(request=RetentionBody, responses=RetentionBody)
    def put(self, request: Request, slug: str) -> Response:
        system = _system(request, slug)
        asked = RetentionBody(data=request.data)
        asked.is_valid(raise_exception=True)
        days = asked.validated_data["days"]
        retaining.set_days(system=system, days=days, by=person_of(request), at=timezone.now())
        return Response({"days": days})


def _system(request: Request, slug: str) -> AISystem:
    found = systems.get(organisation=acting_organisation(request), slug=slug)
    if found is None:
        raise Http404
    return found
