"""The decision record as a JSON Schema (2020-12): for the OpenAPI document and docs/record.md.

The SDK's record modules are the rule and hold its limits. What this schema refuses, they refuse; what it takes, they
may still refuse for what a schema cannot say: sums, decimals, and what one part of a record says of another.
"""

from typing import Any

from edgewise import problems, record, record_options, record_parts, sealing

Shape = dict[str, Any]
Example = dict[str, Any]


def _text(told: str, *, least: int = 1, most: int | None = problems.MAX_TEXT_CHARACTERS) -> Shape:
    limits = ({"minLength": least} if least else {}) | ({"maxLength": most} if most else {})
    return {"type": "string", "description": told, **limits}


def _written(told: str, kind: str, pattern: str) -> Shape:
    return {"type": "string", "description": told, "format": kind, "pattern": f"^{pattern}$"}


def _one_of(told: str, names: tuple[str, ...]) -> Shape:
    return {"type": "string", "description": told, "enum": list(names)}


def _number(told: str, most: float, **least: float) -> Shape:
    return {"type": "number", "description": told, **(least or {"minimum": 0}), "maximum": most}


def _by_name(told: str, values: Shape, **limits: Any) -> Shape:
    return {"type": "object", "description": told, "additionalProperties": values, **limits}


def _object(
    told: str, required: tuple[str, ...], properties: dict[str, Shape], sealed: tuple[str, ...] = ()
) -> Shape:
    """Fields that are not required may be null, which says what leaving them out says."""
    shapes = {name: shape if name in required else _or_null(shape) for name, shape in properties.items()}
    shapes |= {name: _sealed(shapes[name]) for name in sealed}
    head = {"type": "object", "description": told, "required": list(required)}
    return head | {"properties": shapes, "additionalProperties": False}


def _sealed(shape: Shape) -> Shape:
    return shape | {"description": f"{shape['description']} Sealed.", "x-sealed": True}


def _or_null(shape: Shape) -> Shape:
    if "type" not in shape:
        return shape
    names = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return shape | {"type": [shape["type"], "null"]} | names


def _if(field: str, value: str, then: Shape) -> Shape:
    condition = {"required": [field], "properties": {field: {"const": value}}}
    return {"if": condition, "then": then}


_SCORE = _number(
    f"Higher is better; at most {record_options.MAX_DECIMALS} decimals. Null: not scored, the reason stands under "
    "unscored.",
    most=1,
)
_OPTION = _object(
    "An answer that the model could have given, with its scores.",
    ("id", "edges"),
    {
        "id": _text("Name of the option, once in a record."),
        "label": _text("The option in words.", least=0, most=None),
        "edges": _by_name("Score on every edge of the system's edge set, and on no other.", _or_null(_SCORE)),
        "uncertainty": _by_name(
            "Standard deviation of scores, by edge.",
            _number(
                f"In the unit of the score; at most {record_options.MAX_DECIMALS} decimals.",
                most=record_options.MAX_UNCERTAINTY,
            ),
        ),
        "unscored": _by_name(
            "Why an edge has no score, for each that has none.", _text("The reason, in words.")
        ),
    },
    sealed=sealing.SEALED_IN_OPTION,
)
_PARTS = {
    "policy": _object(
        "The policy that the model says it applied.",
        ("version", "digest"),
        {
            "version": {"type": "integer", "minimum": 1, "description": "As GET /api/v1/policy states it."},
            "digest": _text("As GET /api/v1/policy states it."),
        },
    ),
    "subject": _object(
        "The person whom the decision is about.",
        ("ref",),
        {
            "ref": _text("A reference to the person, by which they are found and erased."),
            "groups": _by_name(
                "Groups of the person, for slices of figures: age_band, locale.", _text("The person's group.")
            ),
        },
    ),
    "input": _object(
        "What the model was asked.",
        ("digest",),
        {
            "digest": _text("sha256: and the hash of the input.", least=0, most=None)
            | {"pattern": f"^{record_parts.DIGEST.pattern}$"},
            "text": _text("The input itself.", least=0, most=None),
        },
    ),
    "sampling": _object(
        "Says that only a share of the decisions is logged; every figure counts this one 1/rate times.",
        ("rate", "method"),
        {
            "rate": _number("The share that is logged.", most=1, exclusiveMinimum=0),
            "method": _text("How it is chosen what is logged: hash, uniform."),
        },
    ),
}
_FIELDS = _PARTS | {
    "id": _written(
        "Once per system: sending it again logs nothing twice. Best version 7.", "uuid", record.UUID.pattern
    ),
    "system": _text("Slug of the AI system that the API key belongs to."),
    "model_version": _text("Version of the model that decided."),
    "occurred_at": _written(
        "When it was decided: RFC 3339 with an offset, at most "
        f"{int(record.CLOCK_TOLERANCE.total_seconds()) // 60} minutes ahead of the server.",
        "date-time",
        record.TIME.pattern,
    ),
    "context": _by_name(
        "Few facts with few values, by which policies apply and figures are sliced: community, surface.",
        _text("The fact's value.", least=0, most=record.MAX_CONTEXT_CHARACTERS),
        maxProperties=record.MAX_CONTEXT_KEYS,
        propertyNames={"maxLength": record.MAX_CONTEXT_CHARACTERS},
    ),
    "options": {
        "type": "array",
        "description": "What was weighed; one option in an assessment. Ties go to the option listed first.",
        "items": _OPTION,
        "minItems": 1,
        "maxItems": record.MAX_OPTIONS,
    },
    "disposition": _one_of("What became of the request.", record.DISPOSITIONS),
    "chosen": _text("Id of the option chosen; required if the disposition is answered."),
    "kind": _one_of(
        "A choice, or an assessment of one option against the policy's reference profile. Left out: choice.",
        record.KINDS,
    ),
    "weights": _by_name(
        "Weights in effect, by edge, where personal preferences changed the policy's. Their sum is 1.",
        _number("A share of 1.", most=1 + record_parts.WEIGHTS_TOLERANCE),
        minProperties=1,
    ),
    "scorer": _by_name(
        "Who scored, by edge.", _or_null(_text("Scorer and its version: toxicity@4.")),
    ),
    "clarification": _text("Id of the dialog that led to the decision."),
    "trace_id": _text("Id of the trace in which it was decided."),
    "span_id": _text("Id of the span in which it was decided."),
    "parent": _text("Id of the decision that this one follows."),
    "rationale": _text("Why, in words.", least=0, most=record.MAX_RATIONALE_CHARACTERS),
    "input_counterfactuals": {
        "description": "What the model chose when data of the person were varied; any JSON value.",
    },
    "masked": {
        "type": "array",
        "description": "JSON pointers to what was masked before it was sent.",
        "items": _text("A JSON pointer.") | {"pattern": "^/"},
        "maxItems": record_parts.MAX_MASKED,
    },
}  # fmt: skip

RECORD = _object(
    f"A decision record, schema {record.SCHEMA}. Its entry in the log has at most {record.MAX_ENTRY_BYTES} bytes. Of "
    "what is sealed the log holds a salted commitment. See docs/record.md.",
    record.REQUIRED,
    {name: _FIELDS[name] for name in (*record.REQUIRED, *record.OPTIONAL)},
    sealed=sealing.SEALED,
) | {
    "allOf": [
        _if(
            "disposition", "answered", {"required": ["chosen"], "properties": {"chosen": {"type": "string"}}}
        ),
        _if("kind", "assessment", {"properties": {"options": {"maxItems": 1}}}),
    ]
}

# Placeholders: system, model_version, the edges, and the policy's version and digest are the reader's own.
EXAMPLE: Example = {
    "id": "019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b01",
    "system": "your-system",
    "model_version": "1.0",
    "occurred_at": "2025-11-20T09:30:00+01:00",
    "context": {"community": "de", "surface": "comments"},
    "input": {"digest": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"},
    "policy": {
        "version": 1,
        "digest": "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    },
    "options": [
        {
            "id": "allow",
            "label": "Leave it up",
            "edges": {"safety": 0.62, "privacy": 0.81, "expression": 0.95},
            "uncertainty": {"safety": 0.05, "privacy": 0.02, "expression": 0.03},
        },
        {
            "id": "remove",
            "label": "Take it down",
            "edges": {"safety": 0.93, "privacy": 0.78, "expression": None},
            "unscored": {"expression": "The scorer timed out."},
        },
    ],
    "chosen": "allow",
    "disposition": "answered",
    "subject": {"ref": "account-17", "groups": {"age_band": "30-44"}},
    "scorer": {"safety": "toxicity@4"},
    "rationale": "Harsh, but an opinion.",
}
LEAST: Example = {
    "id": "019aa7a4-7c1f-7d3a-9c55-2f0c3f6c9b02",
    **{name: EXAMPLE[name] for name in record.REQUIRED if name not in ("id", "options", "disposition")},
    "options": [{"id": "allow", "edges": EXAMPLE["options"][0]["edges"]}],
    "disposition": "escalated",
}
