"""What lists and searches read of a log entry, and nothing else of it. Pure."""

import msgspec


class _Option(msgspec.Struct):
    id: str
    unscored: dict[str, str] | None = None


class Told(msgspec.Struct):
    """The kind of a record, its links (`decisions.links`), and why scores are missing."""

    options: list[_Option]
    kind: str | None = None
    trace_id: str | None = None
    span_id: str | None = None
    parent: str | None = None
    clarification: str | None = None

    @property
    def is_assessment(self) -> bool:
        return self.kind == "assessment"

    @property
    def unscored(self) -> list[tuple[str, str, str]]:
        """Option, edge and reason of each missing score."""
        return [
            (each.id, edge, reason) for each in self.options for edge, reason in (each.unscored or {}).items()
        ]


class _Entry(msgspec.Struct):
    record: Told


_decode = msgspec.json.Decoder(_Entry).decode


UNREADABLE = Told([])


def read(entry: bytes) -> Told:
    """The part of a decision's entry that is looked at here; UNREADABLE if it was damaged, which the verifiers tell."""
    try:
        return _decode(entry).record
    except (msgspec.DecodeError, UnicodeDecodeError):
        return UNREADABLE
