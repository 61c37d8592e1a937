"""Edges over HTTP."""

from typing import ClassVar, Literal

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers

from governance.access.api import Requires, organisation_of
from governance.edges import lookup, selectors, services
from governance.edges.models import Edge
from governance.systems import selectors as systems


class EdgeOutput(serializers.ModelSerializer[Edge]):
    """An edge card. ``group`` is the group it belongs to."""

    group = serializers.CharField(source="parent.slug", default=None, allow_null=True, read_only=True)
    version = serializers.IntegerField(source="edge_set.version", read_only=True, help_text="of the edge set")
    direction = serializers.SerializerMethodField()

    class Meta:
        model = Edge
        fields: ClassVar = [
            "slug",
            "name",
            "group",
            "share",
            "version",
            "direction",
            "definition",
            "anchor_low",
            "anchor_mid",
            "anchor_high",
            *services.CARD_DETAILS,
        ]

    def get_direction(self, edge: Edge) -> Literal["higher_is_better"]:
        """The same on every edge."""
        return "higher_is_better"


@extend_schema(
    parameters=[
        OpenApiParameter("system", str, required=True, description="Short name of the system."),
        OpenApiParameter(
            "version", int, description="An earlier version of the edge set; the newest if left out."
        ),
    ]
)
class Edges(generics.ListAPIView[Edge]):
    """The edge set of ``?system=``, in its order: the newest, or ``?version=``."""

    serializer_class = EdgeOutput
    permission_classes = [Requires("view_governed")]
    pagination_class = None

    def get_queryset(self) -> QuerySet[Edge]:
        organisation = organisation_of(self.request)
        slug = self.request.query_params.get("system", "")
        system = systems.get(organisation=organisation, slug=slug) if organisation else None
        found = (
            lookup.edge_set(system=system, version=self.request.query_params.get("version", ""))
            if system
            else None
        )
        if found is None:
            raise Http404
        return selectors.tree(edge_set=found)
