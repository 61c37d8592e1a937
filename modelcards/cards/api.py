"""``/api/v1/model-cards``: the same acts as the pages."""

import json
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import problems
from governance.access.api import Requires, acting_organisation, person_of
from governance.access.pages import ByCursor
from governance.systems import selectors as systems
from modelcards.cards import freezing, selectors, services
from modelcards.cards.models import Card, CardVersion
from modelcards.cards.renderings import plain


class ByKey(ByCursor):
    """In the order in which cards were begun."""

    ordering = "pk"
    page_size = 50


class VersionOut(serializers.Serializer[Any]):
    """A version as the API shows it."""

    card = serializers.CharField(source="card.slug")
    number = serializers.CharField()
    state = serializers.CharField()
    reason = serializers.CharField()
    policy_version = serializers.IntegerField()
    narrative = serializers.DictField()
    progress = serializers.IntegerField(source="job.progress", default=None, allow_null=True)
    created_at = serializers.DateTimeField()
    approved_at = serializers.DateTimeField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    pdf_sha256 = serializers.CharField()
    manifest_sha256 = serializers.CharField()


class CardOut(serializers.Serializer[Any]):
    """A card with its versions, newest first."""

    slug = serializers.SlugField()
    system = serializers.CharField(source="system.slug")
    versions = serializers.SerializerMethodField()

    def get_versions(self, card: Card) -> list[dict[str, Any]]:
        return [dict(each) for each in VersionOut(selectors.versions(card=card), many=True).data]


class DraftIn(serializers.Serializer[Any]):
    """Begin the next version of a system's card."""

    system = serializers.SlugField()
    part = serializers.ChoiceField(choices=services.PARTS, default="minor")
    reason = serializers.CharField(max_length=200, default="First version")


class ActIn(serializers.Serializer[Any]):
    """Write sections, approve, or publish the version in preparation."""

    act = serializers.ChoiceField(choices=["write", "approve", "publish"])
    sections = serializers.DictField(child=serializers.CharField(allow_blank=True), default=dict)


def card_or_404(request: Request, slug: str) -> Card:
    """The organisation's card."""
    card = selectors.get(organisation=acting_organisation(request), slug=slug)
    if card is None:
        raise Http404
    return card


class _Permitted(APIView):
    def get_permissions(self) -> list[Any]:
        """Everybody of the organisation reads; who manages cards writes."""
        needed = "view_governed" if self.request.method in {"GET", "HEAD", "OPTIONS"} else "manage_cards"
        return [Requires(needed)()]


class Cards(_Permitted):
    """List cards; begin a version."""

    pagination_class = ByKey

    @extend_schema(operation_id="model_cards_list", responses=CardOut(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        page = pages.paginate_queryset(
            selectors.visible_to(organisation=acting_organisation(request)), request, self
        )
        return pages.get_paginated_response(CardOut(page, many=True).data)

    @extend_schema(request=DraftIn, responses={201: VersionOut, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        asked = DraftIn(data=request.data)
        asked.is_valid(raise_exception=True)
        data = dict(asked.validated_data)
        system = systems.get(organisation=acting_organisation(request), slug=data.pop("system"))
        if system is None:
            raise Http404
        version = services.draft(system=system, by=person_of(request), at=timezone.now(), **data)
        return Response(VersionOut(version).data, status=201)


class OneCard(_Permitted):
    """One card with its versions; act on the one in preparation."""

    @extend_schema(operation_id="model_cards_retrieve", responses=CardOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(CardOut(card_or_404(request, slug)).data)

    @extend_schema(operation_id="model_cards_act", request=ActIn, responses=VersionOut)
    def post(self, request: Request, slug: str) -> Response:
        card = card_or_404(request, slug)
        asked = ActIn(data=request.data)
        asked.is_valid(raise_exception=True)
        version = selectors.in_preparation(card=card)
        if version is None:
            raise Http404
        return Response(VersionOut(self._acted(request, version, asked.validated_data)).data)

    def _acted(self, request: Request, version: CardVersion, asked: dict[str, Any]) -> CardVersion:
        now = timezone.now()
        if asked["act"] == "write":
            return services.write(version=version, sections=asked["sections"], by=person_of(request), at=now)
        if asked["act"] == "publish":
            return services.publish(version=version, by=person_of(request), at=now)
        manifest, evidence = freezing.freeze(version, at=now)
        return services.approve(
            version=version, manifest=manifest, evidence=evidence, by=person_of(request), at=now
        )


class CardDocument(_Permitted):
    """The newest published version as JSON (edgewise.card/1)."""

    @extend_schema(responses=dict)
    def get(self, request: Request, slug: str) -> Response:
        card_or_404(request, slug)
        version = selectors.published(slug=slug)
        if version is None:
            raise Http404
        return Response(plain.document(json.loads(version.manifest)))
