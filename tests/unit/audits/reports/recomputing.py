"""Every figure of a document again, from its attachments alone. Written from the format, sharing no code with it."""

import io
import json

import pypdf


def recompute(pdf):
    """Compares each figure with its evidence; returns how many there were."""
    attached = pypdf.PdfReader(io.BytesIO(pdf)).attachments
    manifest = json.loads(attached["manifest.json"][0])
    lines = attached["evidence.jsonl"][0].decode().splitlines() if "evidence.jsonl" in attached else []
    rows = [json.loads(line) for line in lines]
    for name, figure in manifest["figures"].items():
        recipe = figure["recipe"]
        kept = [each["row"] for each in rows if each["query"] == recipe["query"]]
        for field, wanted in recipe.get("where", {}).items():
            kept = [row for row in kept if row.get(field) == wanted]
        values = (
            [row[recipe["field"]] for row in kept if row.get(recipe["field"]) is not None]
            if "field" in recipe
            else kept
        )
        again = {
            "count": lambda kept=kept: len(kept),
            "sum": lambda values=values: sum(values),
            "min": lambda values=values: min(values, default=None),
            "max": lambda values=values: max(values, default=None),
            "only": lambda values=values: values[0] if len(values) == 1 else None,
            "distinct": lambda values=values: len(set(map(str, values))),
        }[recipe["op"]]()
        assert again == figure["value"], (name, again, figure["value"])
    return len(manifest["figures"])
