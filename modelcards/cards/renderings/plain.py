"""A card as JSON: the manifest with its hash, under a schema of its own. Pure."""

from collections.abc import Mapping
from typing import Any

from audits.reports.manifest import Json, canonical, sha256

SCHEMA = "edgewise.card/1"


def document(manifest: Mapping[str, Any]) -> Json:
    """What ``GET /cards/<slug>/card.json`` serves: figures and text, without what only pages need."""
    body = manifest["body"]
    return {
        "schema": SCHEMA,
        "manifest_sha256": sha256(canonical(manifest)),
        "card": manifest["about"]["card"],
        "version": manifest["about"]["version"],
        "data_cut": manifest["about"]["data_cut"],
        "system": body["system"],
        "narrative": body["narrative"],
        "weights": {edge["edge"]: edge["exact"] for edge in body["edges"]},
        "edges": body["edges"],
        "norms": body["norms"],
        "results": body["results"],
        "figures": manifest["figures"],
    }
