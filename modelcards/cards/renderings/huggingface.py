"""A card as a Hugging Face README: YAML metadata with a model-index, then Markdown. Pure, from the manifest.

Metadata as documented at https://huggingface.co/docs/hub/model-cards; results whose slice is not the whole name it in
the dataset's ``args``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from audits.reports.manifest import Json

Rows = Sequence[Mapping[str, Any]]


def readme(manifest: Mapping[str, Any]) -> str:
    """``README.md`` of the model's repository."""
    head = yaml.safe_dump(metadata(manifest), sort_keys=False, allow_unicode=True, default_flow_style=False)
    return f"---\n{head}---\n\n{markdown(manifest)}"


def metadata(manifest: Mapping[str, Any]) -> Json:
    """The YAML block. Weights enter as tags, so that a hub can be searched for them."""
    body, about = manifest["body"], manifest["about"]
    found: Json = {"tags": ["edgewise", *(f"edge:{edge['edge']}" for edge in body["edges"])]}
    found["edgewise"] = {
        "card": about["card"],
        "version": about["version"],
        "data_cut": about["data_cut"],
        "weights": {edge["edge"]: edge["exact"] for edge in body["edges"]},
        "url": about["verify_url"],
    }
    if body["results"]:
        found["model-index"] = [{"name": body["system"]["name"], "results": results(body["results"])}]
    return found


def results(rows: Rows) -> list[Json]:
    """One entry per result, in the form that ``EvalResult`` reads."""
    return [
        {
            "task": {"type": "other", "name": row["suite"]},
            "dataset": {
                "type": row["data_sha256"],
                "name": row["data_name"] or row["data_sha256"][:12],
                **_slice(row["slice"]),
            },
            "metrics": [{"type": row["metric"], "name": _metric_name(row), "value": row["value"]}],
        }
        for row in rows
    ]


def _slice(part: Mapping[str, str]) -> Json:
    # The hub's library tells results of one data set apart by their config.
    if not part:
        return {}
    return {
        "config": ", ".join(f"{name}={value}" for name, value in sorted(part.items())),
        "args": dict(part),
    }


def _metric_name(row: Mapping[str, Any]) -> str:
    place = f" on {row['edge']}" if row["edge"] else ""
    return f"{row['metric']}{place}"


def markdown(manifest: Mapping[str, Any]) -> str:
    """The card's text: the same sections, narrative as written, tables as Markdown."""
    about = manifest["about"]
    parts = [
        f"# Model card for {manifest['body']['system']['name']}",
        f"Version {about['version']}, data cut {about['data_cut_text']}.",
    ]
    for section in manifest["body"]["sections"]:
        parts.append(f"## {section['title']}")
        parts += [section["text"]] if section["text"] else []
        parts += (
            ["\n".join(f"- **{term}:** {_line(text)}" for term, text in section["facts"])]
            if section["facts"]
            else []
        )
        parts += [_table(table) for table in section["tables"]]
        if not (section["text"] or section["facts"] or section["tables"]):
            parts.append("Not stated.")
    return "\n\n".join(parts) + "\n"


def _table(table: Mapping[str, Any]) -> str:
    heads = [column["label"] for column in table["columns"]]
    aligned = ["---:" if column["align"] else "---" for column in table["columns"]]
    rows = [[row["head"], *(text for text, _align in row["cells"])] for row in table["rows"]]
    lines = [_row(heads), _row(aligned), *(_row(row) for row in rows)]
    return f"{table['caption']}\n\n" + "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_line(cell).replace("|", "\\|") for cell in cells) + " |"


def _line(text: str) -> str:
    return " ".join(str(text).split())
