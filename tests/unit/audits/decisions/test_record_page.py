"""docs/record.md says of every field what the record's JSON Schema says, and nothing of any other."""

import json
import re
from pathlib import Path

from audits.decisions import record_schema

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "record.md").read_text()
KINDS = {
    "string": "text", "number": "number", "integer": "whole number", "object": "object", "array": "list",
}  # fmt: skip
FORMATS = {"uuid": "UUID", "date-time": "time, RFC 3339 with an offset"}


def kind(shape):
    """The type in words; null is named where it says something of its own, beneath a map."""
    if "format" in shape:
        return FORMATS[shape["format"]]
    if "enum" in shape:
        return ", ".join(f"`{each}`" for each in shape["enum"] if each is not None)
    names = shape.get("type", "any JSON value")
    return KINDS.get(names, names) if isinstance(names, str) else KINDS[names[0]]


def between(least, most, unit):
    ends = {
        (True, True): f"{least}–{most}",
        (False, True): f"at most {most}",
        (True, False): f"at least {least}",
    }
    words = ends.get((bool(least), bool(most)))
    return [f"{words} {unit}".strip()] if words else []


def shown(shape, name):
    return f"{shape[name]:,g}" if name in shape else ""


def limits(shape):
    found = [f"`{shape['pattern']}`"] if "pattern" in shape and "format" not in shape else []
    found += between(shown(shape, "minLength"), shown(shape, "maxLength"), "characters")
    found += between(shown(shape, "minItems"), shown(shape, "maxItems"), "items")
    found += between(shown(shape, "minProperties"), shown(shape, "maxProperties"), "names")
    if "propertyNames" in shape:
        found += between("", shown(shape["propertyNames"], "maxLength"), "characters in a name")
    if "exclusiveMinimum" in shape:
        found.append(f"above {shown(shape, 'exclusiveMinimum')}")
    return found + between(shown(shape, "minimum"), shown(shape, "maximum"), "")


def row(path, shape, mark):
    null = ["or null"] if path.endswith("*") and "null" in shape["type"] else []
    sealed = "sealed" if shape.get("x-sealed") else ""
    return f"`{path}`", ", ".join([kind(shape), *limits(shape), *null]), mark, sealed


def rows(shape, path=""):
    """Field, type and limits, required, sealed: of everything below ``shape``."""
    for name, each in shape.get("properties", {}).items():
        below = f"{path}.{name}".removeprefix(".")
        yield row(below, each, "required" if name in shape["required"] else "")
        yield from rows(each, below)
    if isinstance(shape.get("additionalProperties"), dict):
        yield row(f"{path}.*", shape["additionalProperties"], "")
    if "items" in shape:
        yield row(f"{path}[]", shape["items"], "")
        yield from rows(shape["items"], f"{path}[]")


def test_the_table_has_a_row_for_every_field_with_its_type_and_limits():
    found = [
        tuple(cells)
        for cells in re.findall(r"^\| (`\S+`) \| (.*?) \| (.*?)\| (.*?)\| .+ \|$", PAGE, re.MULTILINE)
    ]
    stated = [tuple(cell.strip() for cell in cells) for cells in found]
    assert stated == list(rows(record_schema.RECORD))


def test_the_examples_are_those_of_the_api():
    blocks = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert [json.loads(block) for block in blocks] == [record_schema.EXAMPLE, record_schema.LEAST]
