"""What an event's entry seals, over HTTP."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from edgewise.encoding import to_base64
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.ledger import disclosure, selectors
from governance.access import problems
from governance.access.api import Requires, acting_organisation, person_of


class OpenedValues(serializers.Serializer[Any]):
    """By JSON pointer, as ``edgewise.verify_commitment`` takes them."""

    salts = serializers.DictField(child=serializers.CharField(), help_text="JSON pointer to base64 salt")
    values = serializers.DictField(child=serializers.CharField(), help_text="JSON pointer to value")


class OpenedEntry(serializers.Serializer[Any]):
    """An entry and the values that it commits to."""

    index = serializers.IntegerField()
    entry = serializers.CharField(help_text="the log entry, base64")
    leaf_hash = serializers.CharField(help_text="SHA-256(0x00, entry), hex")
    opened = OpenedValues()


class Opening(APIView):
    """The sealed facts of one event: reasons, answers, what people wrote."""

    permission_classes = (Requires("export_reports"),)

    @extend_schema(responses={200: OpenedEntry, **problems.may_be(410)})
    def get(self, request: Request, organisation: str, log: str, index: int) -> Response:
        """Value and salt of each; the log will say who looked.

        403 ``never_opened`` for a ballot, 404 ``nothing_sealed``, and 410 ``erased`` once the data are destroyed.
        """
        found = selectors.by_path(organisation_slug=organisation, slug=log)
        if found is None or found.organisation_id != acting_organisation(request).pk:
            raise Http404
        shown = disclosure.disclose(log=found, index=index, by=person_of(request), at=timezone.now())
        return Response(
            {
                "index": index,
                "entry": to_base64(shown.entry),
                "leaf_hash": shown.leaf_hash,
                "opened": {"salts": shown.salts, "values": shown.values},
            }
        )
