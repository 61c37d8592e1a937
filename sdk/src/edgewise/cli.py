"""The command `edgewise`: verify a log, a receipt or a report; `cli_model` has what a model needs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edgewise import cli_model, documents, files, notes, proofs, trust, verifier
from edgewise.cli_model import CommandLineError
from edgewise.encoding import to_text
from edgewise.errors import EdgewiseError, LogAwayError, UnreachableError, VerificationError
from edgewise.trust import TrustPolicy

RECEIPT_SUFFIX = ".tlog-proof"
LONGEST_SHOWN = 500


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 0 if all is well, 1 if not, 2 for a wrong command line, 3 if the server is away."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except CommandLineError as problem:
        print(f"edgewise: {_plain(problem)}", file=sys.stderr)
        return 2
    except LogAwayError as problem:
        print(f"edgewise: nothing is verified: {_plain(problem)}", file=sys.stderr)
        return 3
    except VerificationError as problem:
        where = "" if problem.index is None else f" (first bad index: {problem.index})"
        print(f"NOT VERIFIED: {_plain(problem)}{where}", file=sys.stderr)
        return 1
    except UnreachableError as problem:
        print(f"edgewise: {_plain(problem)}", file=sys.stderr)
        return 3
    except (EdgewiseError, OSError, ValueError) as problem:
        print(f"edgewise: {_plain(problem)}", file=sys.stderr)
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="edgewise", description="Log decisions, verify logs, read the policy."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _verify_options(commands.add_parser("verify", help="verify a log (address or folder) or a receipt"))
    report = commands.add_parser("verify-report", help="recompute every figure of a report or card (PDF)")
    report.add_argument("file", type=Path)
    report.add_argument(
        "--vkey",
        action="append",
        default=[],
        type=cli_model.vkey,
        help="verifier key of the log, to check the signed state that the document quotes; may be repeated",
    )
    report.set_defaults(run=_verify_report)
    cli_model.add(commands)
    return parser


def _verify_options(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("target", help=f"address or folder of a log, or a receipt ({RECEIPT_SUFFIX})")
    verify.add_argument(
        "--vkey",
        action="append",
        default=[],
        type=cli_model.vkey,
        help="verifier key of the log; may be repeated",
    )
    verify.add_argument("--policy", type=Path, help="trust policy file: logs, witnesses, quorum")
    verify.add_argument("--entry", type=Path, help="file with the entry's bytes, for a receipt")
    verify.add_argument("--state", type=Path, help="file that remembers the last checkpoint verified")
    verify.add_argument(
        "--token", default=os.environ.get("EDGEWISE_TOKEN", ""), help="for a log that is not public"
    )
    verify.add_argument("--quiet", action="store_true", help="no progress")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    if options.target.endswith(RECEIPT_SUFFIX):
        return _verify_receipt(options)
    began = time.monotonic()
    if not options.vkey and not options.policy:
        print(
            "The key is taken from the log itself; give --vkey or --policy to trust nobody.", file=sys.stderr
        )
    state: Path | None = options.state
    remembered = _remembered(state) if state and state.exists() else None
    progress = None if options.quiet or not sys.stderr.isatty() else _show_progress
    with closing(verifier.source(options.target, options.token)) as log:
        policy = _trust(options) or verifier.stated_policy(log)
        found = verifier.verify_log(log, policy, remembered=remembered, progress=progress)
    if state:
        files.replace(state, found.note.encode())
    seconds = time.monotonic() - began
    print(f"VERIFIED {_plain(found.checkpoint.origin)}")
    print(f"  {found.checkpoint.size} entries, {found.tiles} tiles, {seconds:.1f} s")
    print(f"  root {found.checkpoint.root.hex()}")
    if remembered:
        print("  continues the checkpoint remembered")
    return 0


def _remembered(state: Path) -> str:
    """The checkpoint that the file remembers. A file that lost it is refused: a log without its past may be a fork."""
    try:
        note = to_text(state.read_bytes(), "it")
        if not note.strip():
            raise VerificationError("it is empty")
        notes.split(note)
    except VerificationError as problem:
        remedy = "bring back the file, or remove it to begin without a past"
        raise EdgewiseError(f"--state {state} holds no checkpoint: {problem}; {remedy}") from None
    return note


def _verify_report(options: argparse.Namespace) -> int:
    found = documents.verify(options.file.read_bytes(), options.vkey)
    about = f"{found.about.get('title', found.kind)}, {found.about.get('subtitle', '')}"
    print(f"VERIFIED {_plain(about)}")
    print(f"  {found.figures} figures recomputed from {found.rows} rows of evidence")
    print(f"  manifest sha256 {found.manifest_sha256}")
    print(f"  sha256 {found.sha256}")
    if found.checkpoint is not None:
        state = "signature checked" if options.vkey else "give --vkey to check its signature"
        print(f"  {_plain(found.checkpoint.origin)} sealed at {found.checkpoint.size} entries: {state}")
    print(
        "  The log says whether this is the file that was issued: look for that hash under report.finished."
    )
    return 0


def _verify_receipt(options: argparse.Namespace) -> int:
    policy = _trust(options)
    if policy is None or options.entry is None:
        raise CommandLineError("a receipt is verified with --entry and with --vkey or --policy")
    receipt = proofs.parse(Path(options.target).read_bytes())
    checkpoint = proofs.verify(receipt, policy, entry=options.entry.read_bytes())
    print(f"VERIFIED entry {receipt.index} of {_plain(checkpoint.origin)}, of {checkpoint.size} entries")
    return 0


def _trust(options: argparse.Namespace) -> TrustPolicy | None:
    if options.policy:
        try:
            return trust.parse(options.policy.read_bytes())
        except VerificationError as problem:
            raise CommandLineError(f"--policy {options.policy}: {problem}") from None
    return trust.for_log(options.vkey) if options.vkey else None


def _plain(told: object) -> str:
    """What others may have put into a message, cut, and without what would rewrite a terminal's screen."""
    shown = str(told)
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)


def _show_progress(done: int, total: int) -> None:
    if done == total or done % (256 * 40) == 0:
        print(f"\r{done} of {total} entries", end="\n" if done == total else "", file=sys.stderr, flush=True)
