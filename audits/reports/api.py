"""``/api/v1/reports``: the same acts as the pages."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audits.reports import gathering, selectors, services
from audits.reports.answers import as_pdf
from audits.reports.models import Report
from governance.access import problems
from governance.access.api import Requires, acting_organisation, person_of
from governance.access.pages import ByCursor
from governance.systems import selectors as systems


class ByNumber(ByCursor):
    """Newest first; the number is unique in an organisation."""

    ordering = "-number"
    page_size = 50


class ReportOut(serializers.Serializer[Any]):
    """A report as the API shows it."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    kind = serializers.CharField()
    system = serializers.CharField(source="system.slug", default=None, allow_null=True)
    subject = serializers.CharField()
    window_start = serializers.DateTimeField(allow_null=True)
    window_end = serializers.DateTimeField(allow_null=True)
    frameworks = serializers.ListField(child=serializers.CharField())
    state = serializers.CharField()
    progress = serializers.IntegerField(source="job.progress", default=None, allow_null=True)
    requested_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    pdf_sha256 = serializers.CharField()
    manifest_sha256 = serializers.CharField()
    superseded_by = serializers.UUIDField(source="superseded_by_id", allow_null=True)
    error = serializers.CharField()


class ReportIn(serializers.Serializer[Any]):
    """What to report on: a system in a window for compliance, a proposal or decision by id for the others."""

    kind = serializers.ChoiceField(choices=Report.Kind.choices, default=Report.Kind.COMPLIANCE)
    system = serializers.SlugField(required=False)
    start = serializers.DateTimeField(required=False)
    end = serializers.DateTimeField(required=False)
    frameworks = serializers.ListField(child=serializers.CharField(), default=list)
    subject = serializers.CharField(required=False, max_length=80, default="")


def report_or_404(request: Request, id: uuid.UUID) -> Report:  # noqa: A002
    """The organisation's report."""
    report = selectors.get(organisation=acting_organisation(request), id=id)
    if report is None:
        raise Http404
    return report


class Reports(APIView):
    """List reports; ask for one."""

    permission_classes = [Requires("export_reports")]
    pagination_class = ByNumber

    @extend_schema(operation_id="reports_list", responses=ReportOut(many=True))
    def get(self, request: Request) -> Response:
        pages = self.pagination_class()
        page = (
            pages.paginate_queryset(
                selectors.visible_to(organisation=acting_organisation(request)), request, self
            )
            or []
        )
        return pages.get_paginated_response(ReportOut(instance=page, many=True).data)

    @extend_schema(request=ReportIn, responses={202: ReportOut, **problems.may_be(404)})
    def post(self, request: Request) -> Response:
        asked = ReportIn(data=request.data)
        asked.is_valid(raise_exception=True)
        data = dict(asked.validated_data)
        slug, organisation = data.pop("system", None), acting_organisation(request)
        system = systems.get(organisation=organisation, slug=slug) if slug else None
        if slug and system is None:
            raise Http404
        gathering.require_subject(organisation=organisation, kind=data["kind"], subject=data["subject"])
        report = services.request(
            organisation=organisation,
            system=system,
            by=person_of(request),
            at=timezone.now(),
            **data,
        )
        return Response(ReportOut(report).data, status=202)


class OneReport(APIView):
    """One report: its state, progress and hashes."""

    permission_classes = [Requires("export_reports")]

    @extend_schema(operation_id="reports_retrieve", responses=ReportOut)
    def get(self, request: Request, id: uuid.UUID) -> Response:  # noqa: A002
        return Response(ReportOut(report_or_404(request, id)).data)


class ReportFile(APIView):
    """The PDF."""

    permission_classes = [Requires("export_reports")]

    @extend_schema(responses={(200, "application/pdf"): bytes, **problems.may_be(409, 410)})
    def get(self, request: Request, id: uuid.UUID) -> HttpResponse:  # noqa: A002
        report = report_or_404(request, id)
        content = services.download(report=report, by=person_of(request), at=timezone.now())
        return as_pdf(content, f"edgewise-{report.reference}.pdf", report.pdf_sha256)
