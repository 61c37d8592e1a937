"""AI systems over HTTP: the same acts that the pages offer."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import generics, permissions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.access.api import Requires, organisation_of, person_of
from governance.access.pages import ByKey
from governance.systems import selectors, services
from governance.systems.models import AISystem

READ, WRITE = Requires("view_governed"), Requires("manage_systems")


class SystemOutput(serializers.ModelSerializer[AISystem]):
    """An AI system as the API shows it."""

    class Meta:
        model = AISystem
        fields: ClassVar = [
            "slug",
            "name",
            "purpose",
            "position",
            "risk_class",
            "risk_reasoning",
            "created_at",
        ]


class SystemInput(serializers.Serializer[Any]):
    """What registering a system needs."""

    slug = serializers.CharField(max_length=60)
    name = serializers.CharField(max_length=120)
    purpose = serializers.CharField()
    position = serializers.ChoiceField(AISystem.Position.choices)
    risk_class = serializers.ChoiceField(AISystem.Risk.choices)
    risk_reasoning = serializers.CharField()


class Systems(generics.ListAPIView[AISystem]):
    """The organisation's AI systems; POST registers one."""

    serializer_class = SystemOutput
    pagination_class = ByKey

    def get_permissions(self) -> list[permissions.BasePermission]:
        return [WRITE() if self.request.method == "POST" else READ()]

    def get_queryset(self) -> QuerySet[AISystem]:
        organisation = organisation_of(self.request)
        return selectors.visible_to(organisation=organisation) if organisation else AISystem.objects.none()

    @extend_schema(request=SystemInput, responses={201: SystemOutput})
    def post(self, request: Request) -> Response:
        form = SystemInput(data=request.data)
        form.is_valid(raise_exception=True)
        organisation = organisation_of(request)
        assert organisation is not None
        system = services.register(
            organisation=organisation, by=person_of(request), at=timezone.now(), **form.validated_data
        )
        return Response(SystemOutput(system).data, status=201)


class System(generics.RetrieveAPIView[AISystem]):
    """One AI system of the organisation."""

    serializer_class = SystemOutput
    permission_classes = [READ]
    lookup_field = "slug"

    def get_queryset(self) -> QuerySet[AISystem]:
        organisation = organisation_of(self.request)
        return selectors.visible_to(organisation=organisation) if organisation else AISystem.objects.none()
