"""docs/codes.md lists every stable code that the source can answer, with its HTTP statuses, and no other."""

import ast
import re
from collections import defaultdict
from pathlib import Path

from governance.access import problems
from governance.errors import DomainError

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "codes.md"
SOURCES = ("governance", "audits", "councils", "modelcards", "sdk/src/edgewise")
# What is called with a code: the argument that it is, and the one that is the HTTP status.
CALLS = {
    "Problem": (0, None),
    "Line": (2, None),
    "problem": (1, 0),
    "_refuse": (1, 0),
    "BadRequestError": (1, 0),
}
REFUSAL = re.compile(r"DomainError|Outage")
BESIDE_HTTP = re.compile("command|job|stream|OTLP report")


def trees():
    for source in SOURCES:
        for path in sorted((ROOT / source).rglob("*.py")):
            if "migrations" not in path.parts:
                yield ast.parse(path.read_text(), str(path))


def constant(node, kind):
    value = getattr(node, "value", None)
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def of_class(node):
    """The code and status that a refusal's class states; None for what is no refusal, or has none of its own."""
    stated = {}
    for line in node.body:
        targets = line.targets if isinstance(line, ast.Assign) else [getattr(line, "target", None)]
        if isinstance(targets[0], ast.Name):
            stated[targets[0].id] = line.value
    code, outage = constant(stated.get("code"), str), "Outage" in map(ast.unparse, node.bases)
    status = constant(stated.get("status"), int) or (503 if outage else DomainError.status)
    return (code, status) if code and any(REFUSAL.search(ast.unparse(base)) for base in node.bases) else None


def of_call(node):
    """The code and status that a call states."""
    name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    code_at, status_at = CALLS.get(name, (None, None))
    if code_at is None or len(node.args) <= code_at:
        return None
    code = constant(node.args[code_at], str)
    status = None if status_at is None else constant(node.args[status_at], int)
    return (code, status) if code and re.fullmatch("[a-z0-9_]+", code) else None


def collected():
    """Every code in the source, with the HTTP statuses of whole answers; the codes of records alone have none."""
    found = defaultdict(set)
    for kind, code in problems.CODES.items():
        found[code].add(kind.status_code)
    found[DomainError.code] |= set()
    for tree in trees():
        for node in ast.walk(tree):
            stated = None
            if isinstance(node, ast.ClassDef):
                stated = of_class(node)
            elif isinstance(node, ast.Call):
                stated = of_call(node)
            if stated:
                found[stated[0]] |= {stated[1]} - {None}
    return dict(found)


def listed():
    """Every row of the page: code, and where it appears."""
    rows = re.findall(r"^\| `([a-z0-9_]+)` \| (.+?) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    return [(code, where) for code, where, _meaning in rows]


def test_the_page_lists_every_code_and_no_other():
    codes = [code for code, _where in listed()]
    assert len(codes) == len(set(codes))
    assert set(codes) == set(collected())


def test_the_page_gives_the_status_of_each():
    found = collected()
    told = {code: set(map(int, re.findall(r"\b[45]\d\d\b", where))) for code, where in listed()}
    wrong = {
        code: found[code]
        for code, where in listed()
        if told[code] != found[code] and not (told[code] < found[code] and BESIDE_HTTP.search(where))
    }
    assert not wrong


def test_what_is_said_of_a_record_is_marked():
    problems_of_records = {
        found[0]
        for tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (found := of_call(node))
        and ast.unparse(node.func).endswith("Problem")
    }
    marked = {code for code, where in listed() if "record" in where}
    assert problems_of_records <= marked <= problems_of_records | {"erased"}
