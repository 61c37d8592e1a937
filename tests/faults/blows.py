"""The blows: each takes a house and hits a part of it with SIGKILL; returns when the blow has fallen.

`KILLS` names those that a run draws from, with how often each falls in the long form.
"""

import random
import time
from collections.abc import Callable

from tests.faults import house as houses
from tests.faults.house import House

CATCH_SECONDS = 5
BACKENDS = """
SELECT pid, coalesce(query, '') FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


def web_server(house: House, rng: random.Random) -> None:
    """All of it at once."""
    houses.kill_group(house.child("granian"))


def web_process(house: House, rng: random.Random) -> None:
    """One of its processes, amid requests; its sister goes on."""
    houses.kill(rng.choice(house.web_workers()))


def worker(house: House, rng: random.Random) -> None:
    """The whole Celery worker."""
    houses.kill_group(house.child("worker"))


def worker_process(house: House, rng: random.Random) -> None:
    """One process of the worker's pool, or the one that hands out the work."""
    main = house.child("worker")
    houses.kill(rng.choice([main, *houses.children(main)]))


def beat(house: House, rng: random.Random) -> None:
    houses.kill_group(house.child("beat"))


def postmaster(house: House, rng: random.Random) -> None:
    """The database server; its backends notice and follow."""
    houses.kill(house.postmaster())


def _backend(house: House, *words: str) -> None:
    """One backend caught at a statement that starts with one of `words`, else whichever is at work."""
    with house.connect() as connection:
        deadline = time.monotonic() + CATCH_SECONDS
        while True:
            found = connection.execute(BACKENDS + " AND state <> 'idle'").fetchall()
            wanted = [pid for pid, query in found if query.startswith(words)]
            late = time.monotonic() > deadline
            if wanted or (late and found):
                houses.kill((wanted or [pid for pid, _query in found])[0])
                return


def backend_in_copy(house: House, rng: random.Random) -> None:
    """Its entries are on their way into the table. PostgreSQL ends all its sisters and recovers."""
    _backend(house, "COPY")


def backend_in_commit(house: House, rng: random.Random) -> None:
    """Nobody knows then whether the transaction is committed, the client least of all."""
    _backend(house, "COMMIT")


def supervisor(house: House, rng: random.Random) -> None:
    """`make run` itself: what it started ends with it. Then a person starts it again."""
    house.kill()
    house.start()


KILLS: dict[Callable[[House, random.Random], None], int] = {
    web_server: 8,
    web_process: 9,
    postmaster: 8,
    backend_in_copy: 6,
    backend_in_commit: 6,
    worker: 4,
    worker_process: 4,
    beat: 4,
    supervisor: 4,
}


def terminate_all(house: House, rng: random.Random) -> None:
    """Every connection is lost, ten times in a row."""
    with house.connect() as connection:
        for _ in range(10):
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM ({BACKENDS}) AS others")
            time.sleep(rng.random() / 2)
