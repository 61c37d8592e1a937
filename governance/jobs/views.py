"""Progress of background work, as a fragment that refreshes itself."""

import uuid

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from governance.access import guards
from governance.jobs.models import Job


@require_safe
@guards.signed_in
def job(request: guards.OrganisationRequest, job_id: uuid.UUID) -> HttpResponse:
    """The bar of one job; when it has ended, the page that shows it is loaded again for its result."""
    found = get_object_or_404(Job, pk=job_id, organisation=request.organisation)
    response = render(request, "kit/job.html", {"job": found})
    ended = found.state in {Job.State.DONE, Job.State.FAILED}
    if ended and request.headers.get("HX-Request"):
        response["HX-Refresh"] = "true"
    return response
