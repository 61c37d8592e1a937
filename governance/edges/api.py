"""Edges over HTTP."""

from typing import ClassVar

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers

from governance.access.api import Requires, organisation_of
from governance.edges import selectors
from governance.edges.models import Edge
from governance.systems import selectors as systems


class EdgeOutput(serializers.ModelSerializer[Edge]):
    """An edge card. ``group`` is the group it belongs to."""

    group = serializers.CharField(source="parent.slug", default=None, read_only=True)

    class Meta:
        model = Edge
        fields: ClassVar = [
            "slug",
            "name",
            "group",
            "share",
            "definition",
            "anchor_low",
            "anchor_mid",
            "anchor_high",
            "scorer",
            "calibration",
        ]


@extend_schema(
    parameters=[OpenApiParameter("system", str, required=True, description="Short name of the system.")]
)
class Edges(generics.ListAPIView[Edge]):
    """The current edge set of ``?system=``, in its order."""

    serializer_class = EdgeOutput
    permission_classes = [Requires("view_governed")]
    pagination_class = None

    def get_queryset(self) -> QuerySet[Edge]:
        organisation = organisation_of(self.request)
        slug = self.request.query_params.get("system", "")
        system = systems.get(organisation=organisation, slug=slug) if organisation else None
        current = selectors.current_set(system=system) if system else None
        if current is None:
            raise Http404
        return selectors.tree(edge_set=current)
