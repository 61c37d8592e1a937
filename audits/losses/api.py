"""What a model lost, over HTTP."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.losses import selectors
from audits.losses.models import LossReport
from governance.access.api import Requires, acting_organisation
from governance.systems import selectors as systems


class LossReportOutput(serializers.ModelSerializer[LossReport]):
    """What one process of the model reported; ``process`` is empty where it does not name itself."""

    key = serializers.CharField(source="key.label", help_text="Label of the API key.")

    class Meta:
        model = LossReport
        fields = ("key", "process", "total", "first_at", "last_at")


class LossesOutput(serializers.Serializer[Any]):
    """Records that never reached the log, as the model reports itself."""

    lost_total = serializers.IntegerField()
    processes = LossReportOutput(many=True)


class Losses(APIView):
    """Records that a model lost."""

    permission_classes = [Requires("view_decisions")]

    @extend_schema(responses=LossesOutput)
    def get(self, request: Request, slug: str) -> Response:
        """Records that never reached the log, as the model reports itself; by process, the latest first."""
        system = systems.get(organisation=acting_organisation(request), slug=slug)
        if system is None:
            raise Http404
        rows = selectors.of_system(system=system)[:MOST]
        return Response(
            {
                "lost_total": selectors.total(system=system),
                "processes": LossReportOutput(rows, many=True).data,
            }
        )


MOST = 1_000
