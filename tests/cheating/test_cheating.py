"""Ways in which whoever owns the database can cheat: each is found and located, inside and from outside.

Inside by `manage.py verify_log`, from outside by `edgewise verify URL` against a web server that knows of nothing; both
end with exit code 1 and name the first bad index. Each cheat is committed, triggers off, to a log of its own. What an
operator rewrites who also holds the log's key looks whole by itself: what was remembered before finds it, and inside
the landmark of the log. Rows beside the log are not seen from outside: they are compared inside.
"""

import datetime as dt
import io
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from edgewise import merkle, notes
from edgewise.checkpoints import Checkpoint

from audits.decisions import assessing
from audits.decisions import services as decisions
from audits.ledger import keys, landmarks, selectors, signer
from audits.ledger.models import Log
from tests.live import LiveEdgewise
from tests.unit.audits.decisions import worlds as deciding
from tests.unit.audits.ledger import tampering, worlds
from tests.unit.audits.ledger.tampering import as_owner

FIRST, SEALED = 300, 600
TABLES = ("log", "entry", "tile", "head", "checkpoint", "published", "loggedevent", "cosignature")


@dataclass
class Cheater:
    """The owner of the tables, at one log."""

    log: Log

    def run(self, statement: str, *arguments: object) -> None:
        """One statement, committed, with every trigger off for as long as it takes; `LOG` is this log."""
        with connections["owner"].cursor() as cursor:
            for table in TABLES:
                cursor.execute(f"ALTER TABLE audits_{table} DISABLE TRIGGER USER")
            cursor.execute(statement.replace("LOG", str(self.log.pk)), arguments)
            assert cursor.rowcount, "the cheat changed nothing"
            for table in TABLES:
                cursor.execute(f"ALTER TABLE audits_{table} ENABLE TRIGGER USER")

    def entries(self) -> list[bytes]:
        return selectors.entries(log=self.log, start=0, stop=10_000)


def edit(cheat: Cheater) -> None:
    cheat.run("UPDATE audits_entry SET entry = '{}' WHERE log_id = LOG AND index = 417")


def delete(cheat: Cheater) -> None:
    cheat.run("DELETE FROM audits_entry WHERE log_id = LOG AND index = 417")


def insert(cheat: Cheater) -> None:
    """One entry smuggled in, those after it moved up; the last falls off the end."""
    cheat.run("DELETE FROM audits_entry WHERE log_id = LOG AND index = 599")
    cheat.run("UPDATE audits_entry SET index = index + 100001 WHERE log_id = LOG AND index >= 417")
    cheat.run("UPDATE audits_entry SET index = index - 100000 WHERE log_id = LOG AND index >= 100000")
    cheat.run("INSERT INTO audits_entry (log_id, index, entry) VALUES (LOG, 417, '{}')")


def swap(cheat: Cheater) -> None:
    for new, old in ((9_999, 417), (417, 418), (418, 9_999)):
        cheat.run(f"UPDATE audits_entry SET index = {new} WHERE log_id = LOG AND index = {old}")


def truncate_the_tail(cheat: Cheater) -> None:
    cheat.run("DELETE FROM audits_entry WHERE log_id = LOG AND index >= 580")


def rewrite_a_tile(cheat: Cheater) -> None:
    """The leaf hash of entry 417, in its full tile."""
    byte = (417 - 256) * 32
    cheat.run(
        f"UPDATE audits_tile SET hashes = set_byte(hashes, {byte}, 255 - get_byte(hashes, {byte})) "
        "WHERE log_id = LOG AND level = 0 AND n = 1"
    )


def remove_a_tile(cheat: Cheater) -> None:
    cheat.run("DELETE FROM audits_tile WHERE log_id = LOG AND level = 0 AND n = 1")


def roll_back_the_head(cheat: Cheater) -> None:
    """Behind the latest checkpoint; the entries stay."""
    set_head(cheat, cheat.entries()[:580])


def roll_back_entries_and_head(cheat: Cheater) -> None:
    set_head(cheat, cheat.entries()[:580])
    cheat.run("DELETE FROM audits_entry WHERE log_id = LOG AND index >= 580")


def replace_a_checkpoint(cheat: Cheater) -> None:
    """The latest, by one over other entries, with the signature of the old one."""
    stated = Checkpoint(cheat.log.origin, SEALED, bytes(32))
    signatures = selectors.latest_checkpoint(log=cheat.log).note.partition("\n\n")[2]
    replace_note(cheat, stated, f"{stated.text()}\n{signatures}")


def rewrite_all_hashes(cheat: Cheater) -> None:
    """An entry, its leaf hash and every hash above it; the checkpoints cannot be signed again."""
    rewrite(cheat, changed=417)


def rewrite_before_the_first_checkpoint(cheat: Cheater) -> None:
    """The same, further back."""
    rewrite(cheat, changed=17)


def set_head(cheat: Cheater, entries: list[bytes]) -> None:
    frontier = merkle.Frontier()
    frontier.append(merkle.leaf_hashes(entries))
    cheat.run(
        "UPDATE audits_head SET size = %s, edge = %s WHERE log_id = LOG", frontier.size, frontier.to_bytes()
    )


def replace_note(cheat: Cheater, stated: Checkpoint, note: str) -> None:
    cheat.run(
        f"UPDATE audits_checkpoint SET root = %s, note = %s WHERE log_id = LOG AND size = {stated.size}",
        stated.root,
        note,
    )


def rewrite(cheat: Cheater, *, changed: int) -> list[bytes]:
    """Another entry at `changed`, and every tile and the edge as they would be with it."""
    entries = cheat.entries()
    entries[changed] = b'{"type":"rewritten"}'
    cheat.run(
        f"UPDATE audits_entry SET entry = %s WHERE log_id = LOG AND index = {changed}", entries[changed]
    )
    frontier = merkle.Frontier()
    for tile in frontier.append(merkle.leaf_hashes(entries)):
        where = f"WHERE log_id = LOG AND level = {tile.level} AND n = {tile.n}"
        cheat.run(f"UPDATE audits_tile SET hashes = %s {where}", tile.hashes)
    set_head(cheat, entries)
    return entries


def sign_again(cheat: Cheater, entries: list[bytes], *sizes: int) -> None:
    """Every checkpoint over the rewritten entries, with the log's own key."""
    for size in sizes:
        root = merkle.root(merkle.leaf_hashes(entries[:size]))
        stated = Checkpoint(cheat.log.origin, size, root)
        replace_note(cheat, stated, notes.sign(stated.text(), keys.signers(cheat.log.origin), at=1))


# The first bad index, inside and from outside. Where every stored hash was made to fit, only signed roots are left to
# compare with: all entries since the last root that still agrees are in doubt, and the first of them is named.
CHEATS: list[tuple[Callable[[Cheater], None], int, int]] = [
    (edit, 417, 417),
    (delete, 417, 417),
    (insert, 417, 417),
    (swap, 417, 417),
    (truncate_the_tail, 580, 580),
    (rewrite_a_tile, 417, 417),
    (remove_a_tile, 256, 256),
    (roll_back_the_head, 580, 580),
    (roll_back_entries_and_head, 580, 580),
    (replace_a_checkpoint, FIRST, FIRST),
    (rewrite_all_hashes, FIRST, FIRST),
    (rewrite_before_the_first_checkpoint, 0, 0),
]


@pytest.fixture(scope="module")
def victims(live_edgewise: LiveEdgewise) -> Iterator[Callable[[], Log]]:
    """Makes public logs of 600 entries with checkpoints at 300 and 600, served by a real web server."""
    organisation = worlds.make_organisation("victim", public=True)

    def make() -> Log:
        log = worlds.empty_log(organisation)
        for start, stop in ((0, FIRST), (FIRST, SEALED)):
            worlds.fill(log, start, stop, step=SEALED)
            seal(log, stop)
        return log

    yield make
    connections["owner"].close()


def seal(log: Log, size: int) -> None:
    """By this process or by the web server's thread, whoever comes first."""
    deadline = time.monotonic() + 30
    while selectors.published_size(log=log) < size:
        signer.publish(log=log, at=worlds.AT)
        assert time.monotonic() < deadline


@dataclass
class Reader:
    """An auditor with the log's key, who may remember an earlier checkpoint."""

    url: str
    vkeys: tuple[str, ...]
    state: Path

    def verify(self) -> tuple[int, str]:
        """Exit code and last words of `edgewise verify URL`."""
        command = [
            sys.executable,
            "-m",
            "edgewise",
            "verify",
            self.url,
            "--quiet",
            "--state",
            str(self.state),
        ]
        with_keys = [*command, *(part for vkey in self.vkeys for part in ("--vkey", vkey))]
        done = subprocess.run(with_keys, capture_output=True, text=True, check=False, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def remember(self, note: str) -> None:
        self.state.write_text(note)


def reader_of(live: LiveEdgewise, log: Log, folder: Path) -> Reader:
    return Reader(f"{live.url}/log/victim/{log.slug}", selectors.vkeys(log=log), folder / "state")


def verify_inside(log: Log, *options: str) -> tuple[int, str]:
    """Exit code and output of `manage.py verify_log`."""
    return verify_named(f"victim/{log.slug}", *options)


def verify_named(name: str, *options: str) -> tuple[int, str]:
    out = io.StringIO()
    try:
        call_command("verify_log", name, *options, stdout=out)
    except SystemExit as ending:
        return int(ending.code or 0), out.getvalue()
    return 0, out.getvalue()


def note_at(log: Log, size: int) -> str:
    return str(type(selectors.latest_checkpoint(log=log)).objects.get(log=log, size=size).note)


@pytest.mark.parametrize(
    ("cheat", "inside", "outside"), CHEATS, ids=lambda each: getattr(each, "__name__", "")
)
def test_a_cheat_is_found_and_located(
    live_edgewise: LiveEdgewise,
    victims: Callable[[], Log],
    tmp_path: Path,
    cheat: Callable[[Cheater], None],
    inside: int,
    outside: int,
) -> None:
    """By both commands, after both found the log whole; the auditor remembers the first checkpoint."""
    log = victims()
    reader = reader_of(live_edgewise, log, tmp_path)
    reader.remember(note_at(log, FIRST))
    assert verify_inside(log)[0] == 0
    assert reader.verify()[0] == 0
    reader.remember(note_at(log, FIRST))
    cheat(Cheater(log))
    code, words = verify_inside(log)
    assert (code, f"first bad index: {inside})" in words) == (1, True), words
    code, words = reader.verify()
    assert (code, f"first bad index: {outside})" in words) == (1, True), words


@pytest.mark.parametrize("changed", [17, 417])
def test_a_fork_by_the_holder_of_the_key_is_found_by_memory(
    live_edgewise: LiveEdgewise, victims: Callable[[], Log], tmp_path: Path, changed: int
) -> None:
    """Rewritten and signed anew, it looks whole to a stranger; whoever kept the last checkpoint is not deceived."""
    log = victims()
    reader, kept = reader_of(live_edgewise, log, tmp_path), note_at(log, SEALED)
    (tmp_path / "kept").write_text(kept)
    cheater = Cheater(log)
    sign_again(cheater, rewrite(cheater, changed=changed), FIRST, SEALED)
    landmarks.keep(log.origin, kept)
    code, words = verify_inside(log)
    assert (code, "first bad index: 0)" in words) == (1, True), words
    landmarks.path_of(log.origin).unlink()
    assert verify_inside(log)[0] == 0
    assert reader.verify()[0] == 0
    reader.remember(kept)
    code, words = reader.verify()
    assert (code, "first bad index: 0)" in words) == (1, True), words
    code, words = verify_inside(log, "--checkpoint", str(tmp_path / "kept"))
    assert (code, "first bad index: 0)" in words) == (1, True), words


def test_a_log_rolled_back_with_all_that_belongs_to_it_is_found_by_memory(
    live_edgewise: LiveEdgewise, victims: Callable[[], Log], tmp_path: Path
) -> None:
    """As a backup restores it: whole, and shorter than what was seen. Inside it is found by the landmark; once that is
    gone as well, by a checkpoint kept elsewhere.
    """
    log = victims()
    reader, kept = reader_of(live_edgewise, log, tmp_path), note_at(log, SEALED)
    (tmp_path / "kept").write_text(kept)
    cheater = Cheater(log)
    # The head first: the web server signs whatever lies beyond what is published.
    set_head(cheater, cheater.entries()[:FIRST])
    cheater.run("DELETE FROM audits_entry WHERE log_id = LOG AND index >= 300")
    cheater.run("DELETE FROM audits_tile WHERE log_id = LOG AND n = 1")
    cheater.run("UPDATE audits_published SET size = 300 WHERE log_id = LOG")
    cheater.run("DELETE FROM audits_checkpoint WHERE log_id = LOG AND size = 600")
    landmarks.keep(log.origin, kept)
    code, words = verify_inside(log)
    assert (code, "first bad index: 300)" in words) == (1, True), words
    landmarks.path_of(log.origin).unlink()
    assert verify_inside(log)[0] == 0
    assert reader.verify()[0] == 0
    reader.remember(kept)
    code, words = reader.verify()
    assert (code, "shrank" in words, "first bad index: 300)" in words) == (1, True, True), words
    code, words = verify_inside(log, "--checkpoint", str(tmp_path / "kept"))
    assert (code, "first bad index: 300)" in words) == (1, True), words


# Rows that are gone: the log cannot be read any more, or its latest state is not known to be published.
GONE: list[tuple[str, str]] = [
    ("DELETE FROM audits_head WHERE log_id = LOG", "the head of the log is gone"),
    (
        "DELETE FROM audits_published WHERE log_id = LOG",
        "what was published of the log is not noted any more",
    ),
]


@pytest.mark.parametrize(("statement", "told"), GONE)
def test_a_row_that_is_gone_is_told(victims: Callable[[], Log], statement: str, told: str) -> None:
    """By its name; the web server, which signs no such log any more, is not needed."""
    log = victims()
    assert verify_inside(log)[0] == 0
    Cheater(log).run(statement)
    code, words = verify_inside(log)
    assert (code, f"BAD   {log.origin}: {told}" in words) == (1, True), words


def test_a_log_that_is_gone_with_all_its_rows_is_told(victims: Callable[[], Log]) -> None:
    """By its landmark, when all logs are checked."""
    log = victims()
    landmarks.keep(log.origin, note_at(log, SEALED))
    cheater = Cheater(log)
    for table in ("published", "checkpoint", "tile", "entry", "head"):
        cheater.run(f"DELETE FROM audits_{table} WHERE log_id = LOG")
    cheater.run("DELETE FROM audits_log WHERE id = LOG")
    out = io.StringIO()
    with pytest.raises(SystemExit) as ending:
        call_command("verify_log", stdout=out)
    told = f"BAD   {log.origin}: the log is not in the database any more"
    assert (ending.value.code, told in out.getvalue()) == (1, True), out.getvalue()


# What is done to the rows of one decision, and what is told.
BESIDE: list[tuple[str, str]] = [
    ("UPDATE audits_decision SET chosen = 'remove'", "audits_decision.chosen"),
    ("UPDATE audits_decision SET disposition = 'refused'", "audits_decision.disposition"),
    ("DELETE FROM audits_decision", "audits_decision has no row of"),
    ("UPDATE audits_decisionid SET index = 0", "audits_decisionid.index"),
    ("UPDATE audits_assessment SET verdicts = '{}'", "audits_assessment.verdicts"),
    ("DELETE FROM audits_assessment", "audits_assessment has no row of"),
]


@pytest.fixture(scope="module")
def decided(live_edgewise: LiveEdgewise) -> tuple[Log, int]:
    """A system's log of decisions that chose what another option beats, assessed; and where one of them stands."""
    world = deciding.make("decided")
    beaten = [deciding.option("label", (0.2, 0.8, 0.1)), deciding.option("remove", (0.9, 0.8, 0.9))]
    at = deciding.START + dt.timedelta(days=1)
    raws = [json.dumps(world.record(options=beaten)).encode() for _ in range(3)]
    places = [each.index for each in decisions.log(system=world.system, records=raws, at=at)]
    assessing.catch_up(system=world.system, at=at)
    log = selectors.log_of(organisation=world.organisation, system=world.system)
    assert log
    return log, places[1]


@pytest.mark.parametrize(("statement", "told"), BESIDE)
def test_what_is_changed_beside_the_log_is_found_and_located(
    decided: tuple[Log, int], statement: str, told: str
) -> None:
    """With the log itself whole. Undone afterwards: the cases share one log."""
    log, index = decided
    name = f"decided/{log.slug}"
    assert verify_named(name)[0] == 0
    with as_owner():
        with connection.cursor() as cursor:
            cursor.execute(f"{statement} WHERE system_id = %s AND index = %s", [log.system_id, index])
            assert cursor.rowcount == 1
        code, words = verify_named(name)
    assert (code, told in words, f"first bad index: {index})" in words) == (1, True, True), words


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audits_loggedevent WHERE log_id = %s AND index = 0", "audits_loggedevent has no row of"),
        ("UPDATE audits_loggedevent SET type = 'log.key_rotated' WHERE log_id = %s AND index = 0", "loggedevent.type"),
    ],
)  # fmt: skip
def test_an_event_that_is_taken_out_of_the_search_is_found(
    decided: tuple[Log, int], statement: str, told: str
) -> None:
    """Or put under another type, where it would pass for what it is not."""
    log, _index = decided
    with as_owner():
        tampering.cheat(statement, [log.pk])
        code, words = verify_named(f"decided/{log.slug}")
    assert (code, told in words, "first bad index: 0)" in words) == (1, True, True), words
