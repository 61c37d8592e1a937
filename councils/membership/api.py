"""Councils over HTTP, for people."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from rest_framework import generics, serializers

from councils.membership import selectors
from councils.membership.models import Constituency, Council
from governance.access.api import Requires, organisation_of
from governance.access.pages import ByKey


class ConstituencyOutput(serializers.ModelSerializer[Constituency]):
    """A group with seats."""

    class Meta:
        model = Constituency
        fields: ClassVar = ["name", "seats"]


class CouncilOutput(serializers.ModelSerializer[Council]):
    """A council with its charter."""

    systems: Any = serializers.SlugRelatedField("slug", many=True, read_only=True)
    constituencies = serializers.SerializerMethodField()

    class Meta:
        model = Council
        fields: ClassVar = [
            "slug",
            "name",
            "mandate",
            "mandated_by",
            "systems",
            "context",
            "constituencies",
            "counting",
            "secrecy",
            "point_step",
            "hide_until_close",
            "quorum",
            "quorum_strict",
            "abstentions_count",
            "constituency_quorum",
            "majority",
            "majority_strict",
            "constituency_majority",
            "constituency_majority_strict",
            "deliberation_seconds",
            "voting_seconds",
            "extension_seconds",
            "timelock_seconds",
            "created_at",
        ]

    def get_constituencies(self, council: Council) -> list[dict[str, Any]]:
        groups = sorted(council.constituencies.all(), key=lambda group: group.position)
        return [dict(ConstituencyOutput(group).data) for group in groups]


class _Councils(generics.GenericAPIView[Council]):
    serializer_class = CouncilOutput
    permission_classes = [Requires("view_governed")]

    def get_queryset(self) -> QuerySet[Council]:
        organisation = organisation_of(self.request)
        if organisation is None:
            return Council.objects.none()
        return selectors.visible_to(organisation=organisation).prefetch_related("constituencies")


class Councils(_Councils, generics.ListAPIView[Council]):
    """The organisation's councils."""

    pagination_class = ByKey


class OneCouncil(_Councils, generics.RetrieveAPIView[Council]):
    """One council of the organisation."""

    lookup_field = "slug"
