"""The commands of those who run a model: log a file, show the policy, be the sidecar."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, BinaryIO

from edgewise import agent_server, importing
from edgewise.agent import Agent
from edgewise.client import Client
from edgewise.command_line import CommandLineError, unreadable, vkey
from edgewise.errors import UnreachableError
from edgewise.importing import Line

CHUNK = 2_500
PATIENCE = 60.0
MOST_SHOWN = 100
LISTEN = "127.0.0.1:8127"
VKEY_HELP = "verifier key of the policies, checks the signature; may be given several times"
SYSTEM_HELP = "short name of the system; policies for another are refused"


def add(commands: Any) -> None:
    """Add the commands to a parser."""
    log = commands.add_parser("log", help="log decisions from JSON lines or a JSON array, plain or gzip")
    log.add_argument("file", help="the file, or - for standard input; each decision states occurred_at")
    log.add_argument("--quiet", action="store_true", help="no progress")
    _server(log)
    log.set_defaults(run=_log)
    policy = commands.add_parser("policy", help="show the policy in force")
    policy.add_argument("--context", action="append", default=[], metavar="KEY=VALUE")
    _believed(policy)
    _server(policy)
    policy.set_defaults(run=_policy)
    agent = commands.add_parser("agent", help="take decisions from services on this machine, and send them")
    agent.add_argument("--spool", required=True, help="folder where decisions wait")
    agent.add_argument("--listen", default=LISTEN, metavar="HOST:PORT", help=f"default {LISTEN}")
    agent.add_argument(
        "--allow-remote", action="store_true", help="let other machines reach it: no key is asked"
    )
    agent.add_argument("--policy-cache", help="folder that keeps the last policies")
    _believed(agent)
    _server(agent)
    agent.set_defaults(run=_agent)


def _believed(command: argparse.ArgumentParser) -> None:
    command.add_argument("--vkey", action="append", type=vkey, help=VKEY_HELP)
    command.add_argument("--system", default="", help=SYSTEM_HELP)


def _server(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", default=os.environ.get("EDGEWISE_URL"), help="or EDGEWISE_URL")
    command.add_argument("--api-key", default=os.environ.get("EDGEWISE_API_KEY"), help="or EDGEWISE_API_KEY")


def _client(options: argparse.Namespace, **more: Any) -> Client:
    if not options.url or not options.api_key:
        raise CommandLineError("name the server: --url and --api-key, or EDGEWISE_URL and EDGEWISE_API_KEY")
    return Client(options.url, options.api_key, **more)


def _log(options: argparse.Namespace) -> int:
    """Every decision of a file; run again, it finds in the log what it logged before."""
    counts: Counter[str] = Counter()
    progress = not options.quiet and sys.stderr.isatty()
    with _client(options, patience=PATIENCE) as client, _opened(options.file) as file:
        found = importing.lines(file)
        try:
            while chunk := list(islice(found, CHUNK)):
                _log_chunk(client, chunk, counts)
                if progress:
                    print(f"\r{counts.total()} decisions", end="", file=sys.stderr, flush=True)
        except (UnreachableError, ValueError):
            print(
                f"stopped after: {_said(counts)}; run the command again, nothing is doubled", file=sys.stderr
            )
            raise
    if progress:
        print(file=sys.stderr)
    print(_said(counts))
    return 1 if counts["rejected"] else 0


def _log_chunk(client: Client, chunk: Sequence[Line], counts: Counter[str]) -> None:
    sent = [line for line in chunk if not line.code]
    refused = [(line, line.code, line.detail) for line in chunk if line.code]
    for line, item in zip(sent, client.log_many((line.decision for line in sent), brief=True), strict=True):
        if item.ok:
            counts[item.status] += 1
        else:
            refused.append((line, item.code, f"{item.detail} ({item.pointer})"))
    for line, code, detail in sorted(refused, key=lambda each: each[0].number):
        counts["rejected"] += 1
        if counts["rejected"] <= MOST_SHOWN:
            name = f" {line.decision['id']}" if line.decision.get("id") else ""
            print(f"line {line.number}{name}: {code}: {detail}", file=sys.stderr)
        elif counts["rejected"] == MOST_SHOWN + 1:
            print("more are rejected; only their number is shown", file=sys.stderr)


def _said(counts: Counter[str]) -> str:
    return ", ".join(f"{count} {status}" for status, count in sorted(counts.items())) or "nothing to log"


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        yield sys.stdin.buffer
        return
    with _file(name) as file:
        yield file


def _file(name: str) -> BinaryIO:
    try:
        return open(name, "rb")
    except OSError as problem:
        raise unreadable(name, "", problem) from None


def _policy(options: argparse.Namespace) -> int:
    wrong = [pair for pair in options.context if "=" not in pair]
    if wrong:
        raise CommandLineError(f"--context {wrong[0]} is not KEY=VALUE")
    context = dict(pair.split("=", 1) for pair in options.context)
    with _client(options, policy_vkey=options.vkey, policy_system=options.system) as client:
        print(json.dumps(client.policy(context), indent=2, ensure_ascii=False))
    return 0


def _agent(options: argparse.Namespace) -> int:
    host, port = _address(options.listen)
    if not options.allow_remote and not agent_server.is_loopback(host):
        raise CommandLineError(
            f"{host} can be reached from other machines, and no key is asked; see --allow-remote"
        )
    kept = {"spool": options.spool, "policy_cache": options.policy_cache}
    believed = {"policy_vkey": options.vkey, "policy_system": options.system}
    with _client(options, patience=5.0, **kept, **believed) as client:
        server = agent_server.AgentServer(host, port, Agent(client))
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        shown = f"[{host}]" if ":" in host else host
        print(f"edgewise agent listens at http://{shown}:{server.server_address[1]}", flush=True)
        agent_server.serve(server, stop)
    return 0


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65_535:
        raise CommandLineError(f"--listen {text} is not HOST:PORT")
    return host.strip("[]"), int(port)
