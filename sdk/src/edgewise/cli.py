"""The command `edgewise`: verify a log or a report; `cli_receipt` has receipts, `cli_model` what a model needs."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from edgewise import cli_model, cli_receipt, command_line, documents, files, notes, proofs, trust, verifier
from edgewise.command_line import CommandLineError, content, plain
from edgewise.encoding import to_text
from edgewise.errors import EdgewiseError, LogAwayError, UnreachableError, VerificationError
from edgewise.proofs import Receipt
from edgewise.trust import TrustPolicy


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; exit code 0 if all is well, 1 if not, 2 for a wrong command line, 3 if the server is away."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except CommandLineError as problem:
        print(f"edgewise: {plain(problem)}", file=sys.stderr)
        return 2
    except LogAwayError as problem:
        print(f"edgewise: nothing is verified: {plain(problem)}", file=sys.stderr)
        return 3
    except VerificationError as problem:
        where = "" if problem.index is None else f" (first bad index: {problem.index})"
        print(f"NOT VERIFIED: {plain(problem)}{where}", file=sys.stderr)
        return 1
    except UnreachableError as problem:
        print(f"edgewise: {plain(problem)}", file=sys.stderr)
        return 3
    except (EdgewiseError, OSError, ValueError) as problem:
        print(f"edgewise: {plain(problem)}", file=sys.stderr)
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
        type=command_line.vkey,
        help="verifier key of the log, to check the signed state that the document quotes; may be repeated",
    )
    report.set_defaults(run=_verify_report)
    cli_model.add(commands)
    return parser


def _verify_options(verify: argparse.ArgumentParser) -> None:
    verify.add_argument("target", help=f"address or folder of a log, or a receipt ({cli_receipt.SUFFIX})")
    verify.add_argument(
        "--vkey",
        action="append",
        default=[],
        type=command_line.vkey,
        help="verifier key of the log; may be repeated",
    )
    verify.add_argument("--policy", type=Path, help="trust policy file: logs, witnesses, quorum")
    cli_receipt.add_options(verify)
    verify.add_argument(
        "--receipt",
        action="append",
        default=[],
        type=Path,
        metavar="FILE",
        help="for a log: a receipt whose entry must be in it; may be repeated",
    )
    verify.add_argument("--state", type=Path, help="file that remembers the last checkpoint verified")
    verify.add_argument(
        "--token", default=os.environ.get("EDGEWISE_TOKEN", ""), help="for a log that is not public"
    )
    verify.add_argument("--quiet", action="store_true", help="no progress")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    if options.target.endswith(cli_receipt.SUFFIX):
        if options.receipt:
            raise CommandLineError("--receipt is for a log: name its address or folder, not a receipt")
        return cli_receipt.verify(options, _trust(options))
    _refuse_wrong_log(options)
    began = time.monotonic()
    if not options.vkey and not options.policy:
        print(
            "The key is taken from the log itself; give --vkey or --policy to trust nobody.", file=sys.stderr
        )
    state: Path | None = options.state
    remembered = _remembered(state) if state and state.exists() else None
    receipts = [_receipt(path) for path in options.receipt]
    progress = None if options.quiet or not sys.stderr.isatty() else _show_progress
    with closing(verifier.source(options.target, options.token)) as log:
        policy = _trust(options) or verifier.stated_policy(log)
        found = verifier.verify_log(log, policy, remembered=remembered, receipts=receipts, progress=progress)
    if state:
        files.replace(state, found.note.encode())
    seconds = time.monotonic() - began
    print(f"VERIFIED {plain(found.checkpoint.origin)}")
    print(f"  {found.checkpoint.size} entries, {found.tiles} tiles, {seconds:.1f} s")
    print(f"  root {found.checkpoint.root.hex()}")
    if remembered:
        print("  continues the checkpoint remembered")
    for receipt in receipts:
        print(f"  holds entry {receipt.index}, as its receipt says")
    return 0


def _refuse_wrong_log(options: argparse.Namespace) -> None:
    """Refuse what cannot be read or kept before a long log is verified."""
    beside = [f"--{name}" for name in cli_receipt.FILES if getattr(options, name)]
    if beside:
        raise CommandLineError(
            f"{beside[0]} goes with a receipt, a file whose name ends in {cli_receipt.SUFFIX}"
        )
    if not verifier.is_address(options.target) and not Path(options.target).is_dir():
        raise CommandLineError(
            f"{options.target} is no address, no folder, and no receipt (*{cli_receipt.SUFFIX})"
        )
    if options.state and not options.state.parent.is_dir():
        raise CommandLineError(f"--state {options.state} is in no folder that there is")


def _receipt(path: Path) -> Receipt:
    try:
        return proofs.parse(content(path, "--receipt"))
    except VerificationError as problem:
        raise problem.located(before=f"--receipt {path}: ") from None


def _remembered(state: Path) -> str:
    """The checkpoint that the file remembers. A file that lost it is refused: a log without its past may be a fork."""
    try:
        note = to_text(content(state, "--state"), "it")
        if not note.strip():
            raise VerificationError("it is empty")
        notes.split(note)
    except VerificationError as problem:
        remedy = "bring back the file, or remove it to begin without a past"
        raise EdgewiseError(f"--state {state} holds no checkpoint: {problem}; {remedy}") from None
    return note


def _verify_report(options: argparse.Namespace) -> int:
    found = documents.verify(content(options.file), options.vkey)
    about = f"{found.about.get('title', found.kind)}, {found.about.get('subtitle', '')}"
    print(f"VERIFIED {plain(about)}")
    print(f"  {found.figures} figures recomputed from {found.rows} rows of evidence")
    print(f"  manifest sha256 {found.manifest_sha256}")
    print(f"  sha256 {found.sha256}")
    if found.checkpoint is not None:
        state = "signature checked" if options.vkey else "give --vkey to check its signature"
        print(f"  {plain(found.checkpoint.origin)} sealed at {found.checkpoint.size} entries: {state}")
    print(
        "  The log says whether this is the file that was issued: look for that hash under report.finished."
    )
    return 0


def _trust(options: argparse.Namespace) -> TrustPolicy | None:
    if options.policy:
        try:
            return trust.parse(content(options.policy, "--policy"))
        except VerificationError as problem:
            raise CommandLineError(f"--policy {options.policy}: {problem}") from None
    return trust.for_log(options.vkey) if options.vkey else None


def _show_progress(done: int, total: int) -> None:
    if done == total or done % (256 * 40) == 0:
        print(f"\r{done} of {total} entries", end="\n" if done == total else "", file=sys.stderr, flush=True)
