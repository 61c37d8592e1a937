"""Proposals, ballots and results over HTTP, for people."""

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from councils.deliberation import selectors as deliberation
from councils.deliberation.models import Proposal
from councils.voting import selectors, services
from councils.voting.models import Ballot, Elector
from governance.access import problems
from governance.access.api import Requires, organisation_of, person_of
from governance.access.pages import ByKey


class ProposalOutput(serializers.ModelSerializer[Proposal]):
    """A proposal; ``weights`` are the tally once it is counted, ``policy_version`` what it put into force."""

    council: Any = serializers.SlugRelatedField("slug", read_only=True)
    system: Any = serializers.SlugRelatedField("slug", read_only=True)
    policy_version = serializers.IntegerField(
        source="policy.version", default=None, allow_null=True, read_only=True
    )

    class Meta:
        model = Proposal
        fields: ClassVar = [
            "id",
            "council",
            "system",
            "kind",
            "title",
            "summary",
            "state",
            "suggestion",
            "floors",
            "weights_before",
            "policy_version",
            "created_at",
            "deliberation_ends_at",
            "voting_opened_at",
            "voting_ends_at",
            "closed_at",
            "takes_effect_at",
            "ended_at",
            "end_reason",
        ]


class BallotInput(serializers.Serializer[Any]):
    """A ballot to cast. Points are whole numbers per edge that add up to 100."""

    proposal = serializers.IntegerField()
    points = serializers.DictField()
    stance = serializers.ChoiceField(Ballot.Stance.choices)
    reason = serializers.CharField(required=False, allow_blank=True, default="", max_length=10_000)


class _Proposals(generics.GenericAPIView[Proposal]):
    serializer_class = ProposalOutput
    permission_classes = [Requires("view_governed")]

    def get_queryset(self) -> QuerySet[Proposal]:
        organisation = organisation_of(self.request)
        if organisation is None:
            return Proposal.objects.none()
        state = self.request.query_params.get("state")
        return deliberation.search(
            organisation=organisation,
            states=[state] if state else [],
            council=self.request.query_params.get("council", ""),
            system=self.request.query_params.get("system", ""),
        )


@extend_schema(
    parameters=[OpenApiParameter(name, str) for name in ("state", "council", "system")],
)
class Proposals(_Proposals, generics.ListAPIView[Proposal]):
    """The organisation's proposals, newest first."""

    pagination_class = ByKey


class OneProposal(_Proposals, generics.RetrieveAPIView[Proposal]):
    """One proposal of the organisation."""

    lookup_field = "id"


class Results(APIView):
    """How a proposal was counted: exact weights, tests of the charter, votes by group, the bundle's root."""

    permission_classes = [Requires("view_governed")]

    @extend_schema(responses={200: dict})
    def get(self, request: Request, id: int) -> Response:  # noqa: A002
        tally = selectors.tally_of(proposal=_proposal_or_404(request, id))
        if tally is None:
            raise Http404
        return Response(
            {"proposal": id, "bundle_root": tally.root, "counted_at": tally.counted_at, **tally.result}
        )


class Ballots(APIView):
    """The caller's own ballots (GET), and casting one (POST)."""

    permission_classes = [Requires("take_part")]

    @extend_schema(responses={200: dict})
    def get(self, request: Request) -> Response:
        """One's lines in the electorates; a secret ballot's content is there only while voting is open."""
        lines = Elector.objects.filter(
            person=person_of(request), proposal__council__organisation=organisation_of(request)
        ).select_related("constituency")
        page = ByKey()
        found = page.paginate_queryset(lines, request, view=self) or []
        return page.get_paginated_response([_own(line) for line in found])

    @extend_schema(request=BallotInput, responses={201: dict, 200: dict, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        """Casts the caller's ballot: 201, or 200 when it replaces an earlier one."""
        form = BallotInput(data=request.data)
        form.is_valid(raise_exception=True)
        person = person_of(request)
        data = dict(form.validated_data)
        proposal = _proposal_or_404(request, data.pop("proposal"))
        receipt = services.cast(proposal=proposal, person=person, by=person, at=timezone.now(), **data)
        body = {
            "proposal": proposal.pk,
            "tracker": receipt.tracker,
            "replaced": receipt.replaced,
            "may_be_changed_until": proposal.voting_ends_at,
        }
        return Response(body, status=200 if receipt.replaced else 201)


def _proposal_or_404(request: Request, id: int) -> Proposal:  # noqa: A002
    organisation = organisation_of(request)
    found = deliberation.get(organisation=organisation, id=id) if organisation else None
    if found is None:
        raise Http404
    return found


def _own(line: Elector) -> dict[str, Any]:
    ballot = selectors.ballot_of(elector=line)
    return {
        "proposal": line.proposal_id,
        "constituency": line.constituency.name,
        "voted": line.voted,
        "stood_aside": line.stood_aside,
        "tracker": ballot.tracker if ballot else None,
        "points": ballot.points if ballot else None,
        "stance": ballot.stance if ballot else None,
        "reason": ballot.reason if ballot else None,
    }
