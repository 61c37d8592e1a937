"""What AI systems ask goes past what browsers need, and nothing else does."""

import pytest
from django.core.exceptions import DisallowedHost
from django.test import RequestFactory, override_settings
from django.urls import path
from rest_framework.response import Response
from rest_framework.views import APIView

from governance.access import machines
from governance.access.api import Open

KEY = {"HTTP_AUTHORIZATION": "Bearer ew_1"}


class Lean(APIView):
    for_machines = True
    permission_classes = (Open,)
    authentication_classes = ()

    def get(self, request):
        return Response({"said": "straight"})


class Other(Lean):
    for_machines = False


urlpatterns = [path("lean", Lean.as_view()), path("other", Other.as_view())]
pytestmark = pytest.mark.urls(__name__)


def ask(address, **headers):
    return machines.shortcut(lambda _request: "on")(RequestFactory().get(address, **headers))


def test_a_request_with_a_key_goes_straight_to_a_view_for_machines():
    answer = ask("/lean", **KEY)
    assert answer.content == b'{"said":"straight"}'
    assert answer["Content-Length"] == str(len(answer.content))


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/lean", {}),
        ("/lean", {"HTTP_AUTHORIZATION": "Bearer ewp_1"}),
        ("/other", KEY),
        ("/lean?community=%00", KEY),
        ("/lean/", KEY),
        ("/nothing", KEY),
    ],
)
def test_everything_else_goes_the_whole_way(address, headers):
    assert ask(address, **headers) == "on"


@override_settings(ALLOWED_HOSTS=["elsewhere"])
def test_a_strange_host_is_refused():
    with pytest.raises(DisallowedHost):
        ask("/lean", **KEY)
