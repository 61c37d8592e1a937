"""What the commands share: a command line that is wrong, the files it names, and what is shown of others' words."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from edgewise import notes, strict_json
from edgewise.errors import EdgewiseError, VerificationError

LONGEST_SHOWN = 500


class CommandLineError(EdgewiseError):
    """The command line asks for what cannot be done; the message says what to write instead."""


def vkey(text: str) -> str:
    """A verifier key as it is given on the command line."""
    try:
        return str(notes.parse_vkey(text))
    except VerificationError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def content(path: Path, option: str = "") -> bytes:
    """What is in a file; CommandLineError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as problem:
        raise unreadable(path, option, problem) from None


def json_in(path: Path, option: str) -> Any:
    """The JSON value in a file; CommandLineError if there is none."""
    try:
        return strict_json.loads(content(path, option))
    except strict_json.MalformedJSONError as problem:
        raise CommandLineError(f"{option} {path} is not JSON: {problem}") from None


def unreadable(path: Path | str, option: str, problem: OSError) -> CommandLineError:
    """The error of a file that the command line names, and that cannot be read."""
    return CommandLineError(f"{f'{option} {path}'.strip()} cannot be read: {problem.strerror or problem}")


def plain(told: object) -> str:
    """What others may have put into a message, cut, and without what would rewrite a terminal's screen."""
    shown = str(told)
    shown = shown if len(shown) <= LONGEST_SHOWN else f"{shown[:LONGEST_SHOWN]}…"
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in shown)
