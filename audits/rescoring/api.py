"""Independent scorers and score agreement over HTTP."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.decisions import basis
from audits.decisions.models import Agreement
from audits.rescoring import selectors, services
from audits.rescoring.models import Rescorer
from governance.access.api import Requires, acting_organisation, person_of
from governance.systems import selectors as systems
from governance.systems.models import AISystem

_SYSTEM = OpenApiParameter("system", str, required=True, description="Short name of the system.")


class AgreementOutput(serializers.Serializer[Agreement]):
    """Lin's concordance correlation with its 95 % interval; null while there is too little to say."""

    decisions = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    difference = serializers.FloatField(allow_null=True)
    computed_at = serializers.DateTimeField()


class RescorerOutput(serializers.Serializer[Any]):
    """An independent scorer of one edge."""

    edge = serializers.CharField()
    scorer = serializers.CharField()
    route = serializers.CharField()
    share = serializers.FloatField()
    discloses = serializers.ListField(child=serializers.CharField())
    sufficient = serializers.BooleanField()
    agreement = AgreementOutput(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class RescorersOutput(serializers.Serializer[Any]):
    """``basis`` is what conformance rests on: checked or self_reported."""

    basis = serializers.CharField()
    lacking = serializers.ListField(child=serializers.CharField(), allow_null=True)
    results = RescorerOutput(many=True)


class RescorerInput(serializers.Serializer[Any]):
    """What appointing an independent scorer needs."""

    edge = serializers.CharField(max_length=40)
    scorer = serializers.CharField(max_length=120)
    route = serializers.CharField(max_length=40)
    share = serializers.FloatField()
    discloses = serializers.ListField(child=serializers.CharField(), default=list)


class Rescorers(APIView):
    """Who scores which edge of a system again."""

    def get_permissions(self) -> list[permissions.BasePermission]:
        write = self.request.method == "POST"
        return [Requires("manage_edges")() if write else Requires("view_governed")()]

    @extend_schema(responses=RescorersOutput, parameters=[_SYSTEM])
    def get(self, request: Request) -> Response:
        """The independent scorers of ``?system=`` with their agreement, and what conformance rests on."""
        system = _system(request)
        rests, known = basis.of_system(system=system), basis.agreements(system=system)
        found = [_told(each, known.get(each.edge)) for each in selectors.in_force(system=system)]
        return Response({"basis": rests.code, "lacking": rests.lacking, "results": found})

    @extend_schema(request=RescorerInput, responses={201: RescorerOutput}, parameters=[_SYSTEM])
    def post(self, request: Request) -> Response:
        """Appoints an independent scorer for one edge of ``?system=``."""
        system = _system(request)
        form = RescorerInput(data=request.data)
        form.is_valid(raise_exception=True)
        made = services.appoint(
            system=system, by=person_of(request), at=timezone.now(), **form.validated_data
        )
        return Response(_told(made, None), status=201)


class WithdrawInput(serializers.Serializer[Any]):
    """Whose independent scoring ends."""

    edge = serializers.CharField(max_length=40)


class Withdrawal(APIView):
    """Ending the independent scoring of an edge."""

    permission_classes = [Requires("manage_edges")]

    @extend_schema(request=WithdrawInput, responses={200: RescorerOutput}, parameters=[_SYSTEM])
    def post(self, request: Request) -> Response:
        """Withdraws the independent scorer of one edge of ``?system=``; its conformance is self-reported again."""
        system = _system(request)
        form = WithdrawInput(data=request.data)
        form.is_valid(raise_exception=True)
        withdrawn = services.withdraw(
            system=system, by=person_of(request), at=timezone.now(), **form.validated_data
        )
        return Response(_told(withdrawn, None))


def _system(request: Request) -> AISystem:
    slug = request.query_params.get("system", "")
    found = systems.get(organisation=acting_organisation(request), slug=slug)
    if found is None:
        raise Http404
    return found


def _told(each: Rescorer, found: Agreement | None) -> dict[str, Any]:
    return {
        "edge": each.edge,
        "scorer": each.scorer,
        "route": each.route,
        "share": each.share,
        "discloses": each.discloses,
        "sufficient": basis.sufficient(found),
        "agreement": None if found is None else AgreementOutput(found).data,
        "withdrawn_at": each.withdrawn_at,
    }
