"""A card in the formats of others, each read by its own library."""

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from huggingface_hub import ModelCard

from modelcards.cards.narrative import as_html
from modelcards.cards.renderings import cyclonedx, huggingface, plain

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture
def manifest(published):
    return json.loads(published.manifest)


def test_hugging_face_reads_the_readme(manifest):
    card = ModelCard(huggingface.readme(manifest))
    assert card.data.to_dict()["edgewise"]["weights"] == {
        "safety": "1/2",
        "privacy": "1/4",
        "expression": "1/4",
    }
    assert "## Ethical Considerations" in card.text


def test_the_model_index_survives_the_round_trip(manifest):
    card = ModelCard(huggingface.readme(manifest))
    again = ModelCard(str(card))
    stated = {result.metric_value: result.dataset_args for result in again.data.eval_results}
    assert stated == {0.8: None, 0.75: {"community": "de"}, 0.7: {"age": "60+", "community": "de"}}


def test_cyclonedx_accepts_the_bill_of_materials(manifest):
    text = json.dumps(cyclonedx.bom(manifest))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None


def test_weights_and_intervals_are_in_the_bill_of_materials(manifest):
    component = cyclonedx.bom(manifest)["metadata"]["component"]
    assert {"name": "edgewise:edge:safety:weight", "value": "1/2"} in component["properties"]
    metrics = component["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    (german,) = [metric for metric in metrics if metric.get("slice") == "community=de"]
    assert float(german["confidenceInterval"]["lowerBound"]) == pytest.approx(0.7)


def test_the_same_manifest_gives_the_same_bill_of_materials(manifest):
    assert cyclonedx.bom(manifest) == cyclonedx.bom(json.loads(json.dumps(manifest)))


def test_plain_json_carries_figures_and_weights(manifest):
    document = plain.document(manifest)
    assert document["figures"]["evaluations.signed"]["value"] == 1
    assert document["weights"]["safety"] == "1/2"


def test_what_people_write_is_never_html():
    html = as_html(
        "# Title\n\n<script>alert(1)</script> ![x](http://127.0.0.1/x.png) [a](javascript:alert(1))"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert "<h3>Title</h3>" in html
