"""`python -m governance.embedded COMMAND`: what the Makefile calls, and what containers run.

run             everything, until Ctrl-C
demo [DATA]     everything, and `python -m demo` in it
bench [ARG…]    everything, and `python -m bench` in it
shell -- CMD    the database alone (or the one that already runs on this home), and CMD in it
web, worker, beat   one process in the foreground, with the environment as it is
"""

import argparse
import os
import subprocess
import sys
import time

from governance import variables
from governance.embedded import commands
from governance.embedded.deployment import Deployment
from governance.embedded.home import CannotStartError, Home

ATTACH_SECONDS = 150
INTERRUPTED = 130


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C."""
    with Deployment(Home.of(os.environ), os.environ, command="make run") as deployment:
        start_all(deployment)
        try:
            print(
                f"Edgewise serves {deployment.url} from {deployment.home.root}. Ctrl-C stops it.", flush=True
            )
            deployment.wait()
        except KeyboardInterrupt:
            print("Stopping.", flush=True)
    return 0


def program(name: str, arguments: list[str]) -> int:
    """Run `python -m name` with everything around it."""
    with Deployment(Home.of(os.environ), os.environ, command=f"make {name}") as deployment:
        start_all(deployment)
        return deployment.run([sys.executable, "-m", name, *arguments])


def start_all(deployment: Deployment) -> None:
    """Database, migrations, processes."""
    deployment.refuse_taken_port()
    deployment.start_database()
    deployment.migrate()
    deployment.start_processes()


def shell(arguments: list[str]) -> int:
    """Run a command with the database of this home, attached to the command that holds the home if there is one."""
    command = arguments or [os.environ.get("SHELL", "/bin/sh")]
    home = Home.of(os.environ)
    deployment = Deployment(home, os.environ, command="shell")
    try:
        with deployment:
            deployment.start_database()
            return deployment.run(command)
    except CannotStartError:
        urls = running_urls(home) if deployment.lock.file is None else None
        if urls is None:
            raise
    return subprocess.call(command, env={**os.environ, **urls, "EDGEWISE_HOME": str(home.root)})


def running_urls(home: Home) -> dict[str, str] | None:
    """Where the running command's database is; waits while that command is still starting."""
    deadline = time.monotonic() + ATTACH_SECONDS
    while time.monotonic() < deadline:
        urls = home.note("environment").read()
        if isinstance(urls, dict):
            return {str(name): str(url) for name, url in urls.items()}
        time.sleep(0.2)
    return None


def main() -> int:
    """Parse, act, and turn a refusal into a sentence."""
    parser = argparse.ArgumentParser(prog="python -m governance.embedded", description="Edgewise's processes")
    parser.add_argument("command", choices=["run", "demo", "bench", "shell", *commands.PROCESSES])
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    chosen = parser.parse_args()
    arguments = [argument for argument in chosen.arguments if argument != "--"]
    try:
        variables.refuse(error=CannotStartError)
        return act(chosen.command, arguments)
    except CannotStartError as error:
        print(f"edgewise: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def act(command: str, arguments: list[str]) -> int:
    """Do what the command says; its exit status."""
    if command in commands.PROCESSES:
        commands.become(command, os.environ)
    if command in {"demo", "bench"}:
        return program(command, arguments)
    return run(arguments) if command == "run" else shell(arguments)


if __name__ == "__main__":
    sys.exit(main())
