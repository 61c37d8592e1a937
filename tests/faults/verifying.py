"""`verification.verify` kept at hand: a process with Django that verifies every log each time it is asked.

One line in: `{"host": socket or host, "remembered": {origin: [signed checkpoints that a watcher kept]}}`. One line
out: the list of what does not hold, empty when all is well; null while the database is away.
"""

import json
import subprocess
import sys

import psycopg
from psycopg.conninfo import conninfo_to_dict

from governance.embedded import commands
from tests.faults.house import House


def main() -> None:
    """Answers until its input ends."""
    import django

    django.setup()
    from django.db import OperationalError, connection

    for line in sys.stdin:
        asked = json.loads(line)
        connection.settings_dict["HOST"] = asked["host"]
        try:
            answer: object = problems(asked["remembered"])
        except OperationalError:
            answer = None
        print(json.dumps(answer), flush=True)


def problems(remembered: dict[str, list[str]]) -> list[str]:
    from django.db import connection
    from edgewise.errors import VerificationError

    from audits.ledger import verification
    from audits.ledger.models import Log

    found = []
    connection.close()
    for log in Log.objects.select_related("organisation", "system").order_by("pk"):
        try:
            verification.verify(log=log, remembered=remembered.get(log.origin, []))
        except VerificationError as error:
            found.append(f"{log.origin}: {error} ({error.index})")
    return found


class Verifier:
    """The process, started with the environment of a house."""

    def __init__(self, house: House) -> None:
        own = house.environment | house.urls | {"DJANGO_SETTINGS_MODULE": "governance.config.settings"}
        self.house = house
        self.words = house.words.with_suffix(".verifying")
        with self.words.open("w") as words:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.verifying"],
                env=own,
                cwd=commands.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )

    def problems(self, remembered: dict[str, list[str]]) -> list[str]:
        """What `verify` says of every log, given the checkpoints that a watcher kept."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        host = conninfo_to_dict(self.house.url)["host"]
        self.process.stdin.write(json.dumps({"host": host, "remembered": remembered}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            return [f"the verifier ended: {self.words.read_text()[-2000:]}"]
        found = json.loads(answer)
        if found is None:
            raise psycopg.OperationalError("the database is away")
        return list(found)

    def stop(self) -> None:
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process.wait(60)


if __name__ == "__main__":
    main()
