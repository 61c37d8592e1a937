"""A card as a CycloneDX 1.6 ML-BOM (``modelCard``). Pure, from the manifest.

The document is built as plain JSON: the object model of cyclonedx-python-lib 11 drops ``modelCard`` (its issue 912).
Crosswalk: Intended Use → considerations.useCases; Metrics and Quantitative Analyses → performanceMetrics; Ethical
Considerations → ethicalConsiderations; Factors → fairnessAssessments; Caveats → technicalLimitations; weights →
component properties ``edgewise:edge:NAME:weight``.
"""

import uuid
from collections.abc import Mapping
from typing import Any

from audits.reports.manifest import Json, canonical, sha256

SPEC_VERSION = "1.6"
Body = Mapping[str, Any]


def bom(manifest: Mapping[str, Any]) -> Json:
    """The bill of materials; its serial number follows from the manifest, so that it is reproducible."""
    body, about = manifest["body"], manifest["about"]
    digest = sha256(canonical(manifest))
    return {
        "$schema": f"http://cyclonedx.org/schema/bom-{SPEC_VERSION}.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, digest)}",
        "version": 1,
        "metadata": {"timestamp": about["data_cut"], "component": component(body, about)},
    }


def component(body: Body, about: Mapping[str, Any]) -> Json:
    """The model as a component with its card."""
    system = body["system"]
    return {
        "type": "machine-learning-model",
        "bom-ref": f"edgewise:{about['card']}",
        "name": system["name"],
        "version": system["model_version"] or about["version"],
        "description": system["purpose"],
        "supplier": {"name": system["organisation"]},
        "externalReferences": [{"type": "model-card", "url": about["verify_url"]}],
        "properties": properties(body, about),
        "modelCard": model_card(body),
    }


def properties(body: Body, about: Mapping[str, Any]) -> list[Json]:
    """What CycloneDX has no field for: the card's version and the weights in force, exact."""
    found = [{"name": "edgewise:card:version", "value": about["version"]}]
    found += [
        {"name": f"edgewise:edge:{edge['edge']}:weight", "value": edge["exact"]} for edge in body["edges"]
    ]
    found += [
        {"name": f"edgewise:norm:{norm['edge']}:minimum", "value": str(norm["minimum"])}
        for norm in body["norms"]
    ]
    return found


def model_card(body: Body) -> Json:
    """The ``modelCard`` object; members without content are left out."""
    card: Json = {"bom-ref": "edgewise:model-card", "considerations": considerations(body)}
    if body["results"]:
        card["quantitativeAnalysis"] = {"performanceMetrics": [metric(row) for row in body["results"]]}
    return card


def metric(row: Mapping[str, Any]) -> Json:
    """One performance metric; values are strings in CycloneDX."""
    found: Json = {"type": row["metric"], "value": repr(row["value"])}
    if row["slice"]:
        found["slice"] = ", ".join(f"{name}={value}" for name, value in sorted(row["slice"].items()))
    if row["low"] is not None:
        found["confidenceInterval"] = {"lowerBound": repr(row["low"]), "upperBound": repr(row["high"])}
    return found


def considerations(body: Body) -> Json:
    """Uses, limits, ethics and fairness, from the narrative."""
    told = body["narrative"]
    found: Json = {"useCases": [told["intended_use"] or body["system"]["purpose"]]}
    if told["caveats"]:
        found["technicalLimitations"] = [told["caveats"]]
    ethical = (
        told["ethical_considerations"]
        or f"Risk class {body['system']['risk_class']}: {body['system']['risk_reasoning']}"
    )
    found["ethicalConsiderations"] = [{"name": ethical}]
    if told["factors"]:
        found["fairnessAssessments"] = [{"groupAtRisk": told["factors"]}]
    return found
