"""The command `edgewise verify RECEIPT`: that an entry is in the log, and that it commits to a record or to values."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgewise import batches, proofs
from edgewise.batches import Logged
from edgewise.command_line import CommandLineError, content, json_in, plain
from edgewise.errors import EdgewiseError, VerificationError
from edgewise.proofs import Receipt
from edgewise.trust import TrustPolicy

SUFFIX = ".tlog-proof"
FILES = {
    "entry": "the entry's bytes, as the log serves them",
    "answer": "what POST /api/v1/decisions answered: entry and salts, in place of --entry and --salts",
    "record": "the record as it was sent, with its id and occurred_at: the entry must commit to it",
    "salts": "the salts of its sealed fields, a JSON object",
    "opened": "what GET /api/v1/decisions/ID?open=1 answered: the entry must commit to each value opened",
}


def add_options(verify: argparse.ArgumentParser) -> None:
    """Add the files that are read beside a receipt."""
    for name, what in FILES.items():
        verify.add_argument(f"--{name}", type=Path, metavar="FILE", help=f"for a receipt: {what}")


def verify(options: argparse.Namespace, policy: TrustPolicy | None) -> int:
    """Check a receipt, its entry, and what the entry commits to; exit code 0."""
    if policy is None or (options.entry is None) == (options.answer is None):
        raise CommandLineError("a receipt is verified with --entry or --answer, and with --vkey or --policy")
    if options.salts and not options.record:
        raise CommandLineError("--salts open the fields of a record: give --record too")
    receipt = proofs.parse(content(Path(options.target)))
    entry, salts = _entry_and_salts(options, receipt)
    record = json_in(options.record, "--record") if options.record else None
    opened = _opened(options.opened) if options.opened else {}
    checkpoint = proofs.verify(receipt, policy, entry=entry, record=record, salts=salts)
    for pointer, (value, salt) in opened.items():
        proofs.verify_commitment(entry, pointer, value=value, salt=salt)
    print(f"VERIFIED entry {receipt.index} of {plain(checkpoint.origin)}, of {checkpoint.size} entries")
    if record is not None:
        print(f"  it commits to the record in {plain(options.record)}")
    if opened:
        print(f"  it commits to what was opened: {plain(', '.join(opened))}")
    return 0


def _entry_and_salts(options: argparse.Namespace, receipt: Receipt) -> tuple[bytes, Any]:
    if options.entry:
        salts = json_in(options.salts, "--salts") if options.salts else {}
        return content(options.entry, "--entry"), salts
    logged = _logged(options.answer, receipt.index)
    return logged.entry, json_in(options.salts, "--salts") if options.salts else logged.salts


def _logged(path: Path, index: int) -> Logged:
    """What an answer says of the record at this index; it may be the whole answer or one of its items."""
    told = json_in(path, "--answer")
    try:
        found = [batches.read_item(item) for item in told.get("items", [told])]
    except (KeyError, TypeError, AttributeError, ValueError, EdgewiseError):
        raise CommandLineError(f"--answer {path} is not what POST /api/v1/decisions answers") from None
    for logged in found:
        if logged.index == index and logged.entry:
            return logged
    raise VerificationError(f"--answer {path} has no entry {index}, which the receipt is of", index=index)


def _opened(path: Path) -> dict[str, tuple[Any, Any]]:
    """Value and salt by pointer."""
    told = json_in(path, "--opened")
    opened = told.get("opened") if isinstance(told, Mapping) else None
    values, salts = (
        (opened.get("values"), opened.get("salts")) if isinstance(opened, Mapping) else (None, None)
    )
    if not isinstance(values, Mapping) or not isinstance(salts, Mapping) or not values:
        raise CommandLineError(f"--opened {path} holds no opened values: ask with ?open=1")
    return {pointer: (value, salts.get(pointer)) for pointer, value in values.items()}
