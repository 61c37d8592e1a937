"""Edge cards: calibration stands whole or not at all, scorers carry versions, every version stays readable."""

import pytest
from django.db import IntegrityError, transaction

from governance.edges import services
from governance.edges.models import Edge
from tests.unit.audits.decisions import worlds

pytestmark = pytest.mark.django_db
WHOLE = {
    "example_low": "a threat", "scorer": "toxicity@1", "calibration": "posts rated by 5 people each",
    "calibration_n": 400, "calibration_metric": "rmse", "calibration_value": 0.08, "calibration_low": 0.07,
    "calibration_high": 0.09,
}  # fmt: skip


@pytest.fixture
def world(db):
    return worlds.make()


def define(world, **changes):
    cards = [worlds.card(slug) | WHOLE | changes for slug in worlds.EDGES]
    return services.define(system=world.system, edges=cards, by=world.people["owner"], at=worlds.START)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"scorer": "toxicity"}, "scorer_unversioned"),
        ({"calibration": ""}, "calibration_incomplete"),
        ({"calibration_n": None}, "calibration_incomplete"),
        ({"calibration_metric": ""}, "calibration_incomplete"),
        ({"calibration_low": None}, "calibration_incomplete"),
        ({"calibration_low": 0.5}, "calibration_incomplete"),
    ],
)
def test_half_a_card_is_refused(world, changes, code):
    with pytest.raises(services.DomainError) as refused:
        define(world, **changes)
    assert refused.value.code == code


def test_the_page_and_the_api_tell_the_whole_card_and_earlier_versions(client, world):
    define(world)
    client.force_login(world.people["owner"])
    url = f"/systems/{world.system.slug}/edges/"
    page = client.get(url).content.decode()
    for word in ("a threat", "toxicity@1", "400 rated items", "rmse 0.080", "Higher is better"):
        assert word in page
    assert "An earlier version" in client.get(f"{url}?version=1").content.decode()
    assert client.get(f"{url}?version=9").status_code == 404
    newest = client.get(f"/api/v1/edges?system={world.system.slug}").json()[0]
    assert (newest["version"], newest["calibration_n"], newest["direction"]) == (2, 400, "higher_is_better")
    assert (
        client.get(f"/api/v1/edges?system={world.system.slug}&version=1").json()[0]["calibration_n"] is None
    )


def test_the_database_refuses_a_figure_without_its_data(world):
    define(world)
    with pytest.raises(IntegrityError), transaction.atomic():
        Edge.objects.filter(scorer="toxicity@1").update(calibration="")
