"""The witness answers as C2SP tlog-witness says, remembers before it answers, and never cosigns two histories."""

import itertools
import threading

import pytest
from django.db import IntegrityError, ProgrammingError, connection, connections, transaction
from django.test import Client
from edgewise import merkle, notes, trust
from edgewise.encoding import to_base64
from edgewise.submissions import Submission

from audits.ledger import signer
from audits.witnessing import services
from audits.witnessing.models import WitnessedLog
from tests.unit.audits.ledger import worlds
from tests.unit.audits.ledger.tampering import as_owner
from tests.unit.audits.witnessing.trees import ORIGIN, SIGNER, Tree, list_logs

ADDRESS = "/witness/add-checkpoint"


@pytest.fixture(autouse=True)
def knows_the_log(tmp_path, settings) -> None:
    """The operator has listed the log elsewhere."""
    settings.EDGEWISE_WITNESSED_LOGS = list_logs(tmp_path / "witnessed-logs", [SIGNER.vkey])


def submit(body: bytes):
    return Client().post(ADDRESS, body, content_type="text/plain")


def cosigned(note: str, lines: str) -> list[notes.VerifierKey]:
    keys = [each.key for each in services.signers(services.name())]
    return list(notes.valid_signatures(note + lines, keys))


def test_a_first_checkpoint_is_cosigned_and_remembered(db) -> None:
    """By both keys of the witness, over the checkpoint as submitted."""
    tree = Tree(300)
    answer = submit(tree.submission(0))
    assert answer.status_code == 200
    kinds = [key.kind for key in cosigned(tree.note(), answer.content.decode())]
    assert kinds == [notes.ED25519_COSIGNATURE, notes.ML_DSA_44_COSIGNATURE]
    seen = WitnessedLog.objects.get(origin=ORIGIN)
    assert (seen.size, bytes(seen.root)) == (300, merkle.root(tree.hashes))
    assert seen.note == tree.note()


def test_a_log_is_followed_as_it_grows(db) -> None:
    """From nothing over many sizes, and the same size again."""
    tree = Tree(520)
    for old, new in itertools.pairwise([0, 0, 1, 256, 256, 300, 512, 520]):
        assert submit(tree.submission(old, new)).status_code == 200, (old, new)
    assert WitnessedLog.objects.get(origin=ORIGIN).size == 520


def test_an_unknown_log_is_not_found(db) -> None:
    """404, and nothing is kept of it."""
    other = notes.NoteSigner("elsewhere.example/log/b", b"\7" * 32)
    text = Tree(3).checkpoint().text().replace(ORIGIN, other.key.name)
    answer = submit(b"old 0\n\n" + notes.sign(text, [other]).encode())
    assert (answer.status_code, WitnessedLog.objects.count()) == (404, 0)
    assert b"does not know the log elsewhere.example/log/b" in answer.content


def test_a_checkpoint_that_the_log_did_not_sign_is_forbidden(db) -> None:
    """403: by a key that is not listed, or with a listed key's signature over something else."""
    stranger = notes.NoteSigner(ORIGIN, b"\1" * 32)
    assert submit(b"old 0\n\n" + Tree(3).note(signer=stranger).encode()).status_code == 403
    moved = Tree(3).note().replace(Tree(3).checkpoint().text(), Tree(4).checkpoint().text())
    assert submit(b"old 0\n\n" + moved.encode()).status_code == 403
    assert WitnessedLog.objects.count() == 0


def test_unknown_signatures_beside_the_logs_own_are_ignored(db) -> None:
    """As a log sends them that signs with several keys, or was cosigned already."""
    note = notes.append(Tree(3).note(), [notes.NoteSigner(ORIGIN, b"\1" * 32)], at=5)
    assert submit(b"old 0\n\n" + note.encode()).status_code == 200


def test_another_old_size_is_a_conflict_that_names_the_right_one(db) -> None:
    """409 with the size as `text/x.tlog.size`, also before anything was seen."""
    tree = Tree(9)
    for seen, old in ((0, 4), (5, 0), (5, 4), (5, 6)):
        if seen:
            submit(tree.submission(0, seen))
        answer = submit(tree.submission(old))
        assert (answer.status_code, answer["Content-Type"]) == (409, "text/x.tlog.size")
        assert answer.content == f"{seen}\n".encode()


def test_another_tree_of_the_same_size_is_a_conflict(db) -> None:
    """409: two roots for one size."""
    submit(Tree(5).submission(0))
    answer = submit(Tree(5, fork=2).submission(5))
    assert (answer.status_code, answer.content) == (409, b"5\n")
    assert answer["Content-Type"] == "text/x.tlog.size"


def test_a_history_that_is_not_continued_is_refused(db) -> None:
    """422: a fork, a proof of something else, a proof too many or too few; what was seen stays."""
    submit(Tree(5).submission(0))
    tree = Tree(9)
    wrong = [
        Tree(9, fork=2).submission(5),
        Submission(5, tuple(tree.proof(5)[:-1]), tree.note()).text().encode(),
        Submission(5, (*tree.proof(5), bytes(32)), tree.note()).text().encode(),
        Submission(5, (), tree.note()).text().encode(),
        Submission(5, (bytes(32),), Tree(5).note()).text().encode(),
    ]
    for body in wrong:
        assert submit(body).status_code == 422
    assert WitnessedLog.objects.get(origin=ORIGIN).size == 5
    assert submit(tree.submission(5)).status_code == 200


def test_a_proof_from_nothing_is_empty(db) -> None:
    """422 with any hash in it."""
    body = Submission(0, (bytes(32),), Tree(3).note()).text().encode()
    assert submit(body).status_code == 422


NOTE = Tree(3).note().encode()
HASH = to_base64(bytes(32)).encode()
MALFORMED = {
    "nothing": (b"", "old SIZE"),
    "no old line": (b"\n" + NOTE, "old SIZE"),
    "another word": (b"new 0\n\n" + NOTE, "old SIZE"),
    "no blank line": (b"old 0\n", "blank line"),
    "two spaces": (b"old  0\n\n" + NOTE, "not a decimal"),
    "a leading zero": (b"old 00\n\n" + NOTE, "not a decimal"),
    "a sign": (b"old +0\n\n" + NOTE, "not a decimal"),
    "a minus": (b"old -1\n\n" + NOTE, "not a decimal"),
    "another script's digit": ("old ٣\n\n".encode() + NOTE, "not a decimal"),
    "a carriage return": (b"old 0\r\n\n" + NOTE, "not a decimal"),
    "too large a number": (b"old 9223372036854775808\n\n" + NOTE, "too large"),
    "a hash that is not Base64": (b"old 1\n!!\n\n" + NOTE, "line 2"),
    "a short hash": (b"old 1\n" + HASH + b"\nAAAA\n\n" + NOTE, "line 3"),
    "64 hashes": (b"old 1\n" + (HASH + b"\n") * 64 + b"\n" + NOTE, "64 hashes"),
    "no checkpoint": (b"old 0\n\n", "blank line"),
    "no signature": (b"old 0\n\n" + NOTE.partition(b"\n\n")[0] + b"\n\n", "signature line"),
    "not a signature": (b"old 0\n\n" + NOTE + b"x\n", "malformed signature line: line 2"),
    "not UTF-8": (b"old 0\n\n\xff" + NOTE, "byte 7"),
    "a control character": (b"old 0\n\n" + NOTE.replace(b"a\n", b"a\0\n", 1), "control character in line 1"),
    "two lines only": (b"old 0\n\na\n1\n\n" + NOTE.partition(b"\n\n")[2], "three lines"),
    "a size with a zero before it": (b"old 0\n\n" + NOTE.replace(b"\n3\n", b"\n03\n"), "size of the log"),
    "a root of another length": (b"old 0\n\na\n1\nAAAA\n\n" + NOTE.partition(b"\n\n")[2], "root hash"),
    "an old size beyond the new": (b"old 4\n\n" + NOTE, "larger than"),
    "too long": (b"old 0\n\n" + NOTE + b"x" * (1 << 19), "longer than"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_submission_is_told_what_and_where(db, name: str) -> None:
    """400, and nothing is kept."""
    body, expected = MALFORMED[name]
    answer = submit(body)
    assert answer.status_code == 400, answer.content
    assert expected in answer.content.decode()
    assert WitnessedLog.objects.count() == 0


def test_only_posts_are_taken(client: Client, db) -> None:
    """405 for anything else."""
    assert client.get(ADDRESS).status_code == 405
    assert client.put(ADDRESS).status_code == 405


def test_the_witness_says_how_to_list_it(client: Client, db) -> None:
    """Lines of a trust policy, which read."""
    text = client.get("/witness/").content.decode()
    listed = trust.parse(text + "quorum none\n")
    assert [str(key) for key in listed.witnesses.values()] == [
        each.vkey for each in services.signers(services.name())
    ]
    assert set(listed.urls.values()) == {"http://127.0.0.1:8000/witness"}


def test_the_witness_never_goes_back(db) -> None:
    """The database refuses to make what was seen smaller, to forget it, or to take a root that is none."""
    submit(Tree(5).submission(0))
    row = WitnessedLog.objects.filter(origin=ORIGIN)
    for change in ({"size": 4}, {"size": 5}, {"origin": "x", "size": 9}):
        with pytest.raises(IntegrityError, match="never goes back"), transaction.atomic():
            row.update(**change)
    with pytest.raises(IntegrityError, match="witnessed_root_is_one_hash"), transaction.atomic():
        row.update(size=6, root=b"short")
    with pytest.raises(ProgrammingError), transaction.atomic():
        row.delete()


@pytest.mark.parametrize("statement", ["DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["audits_witnessedlog", "audits_cosignature"])
def test_not_even_the_owner_makes_a_witness_forget(fresh_database: str, statement: str, table: str) -> None:
    """Triggers refuse it."""
    services.add_checkpoint(body=Tree(5).submission(0), at=worlds.AT)
    with as_owner(), connection.cursor() as cursor:
        if table == "audits_cosignature":
            seed_cosignature(cursor)
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute(statement.format(table))


def seed_cosignature(cursor) -> None:
    log = worlds.empty_log(worlds.make_organisation())
    signer.publish(log=log, at=worlds.AT)
    cursor.execute("INSERT INTO audits_cosignature VALUES (0, 'k', 'l', now(), %s)", [log.pk])
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.fixture
def race(fresh_database: str) -> list[tuple[str, str]]:
    """What ten threads got cosigned that submit two histories and many sizes, all at once, again and again."""
    won: list[tuple[str, str]] = []
    start = threading.Barrier(10)

    def hammer(tree: Tree, sizes: range) -> None:
        start.wait()
        for size in sizes:
            old = 0
            for _ in range(4):
                try:
                    lines = services.add_checkpoint(body=tree.submission(old, size), at=worlds.AT)
                except services.OtherSize as conflict:
                    if conflict.size > size:
                        break
                    old = conflict.size
                except services.NotContinued:
                    break
                else:
                    won.append((tree.note(size), lines))
                    break
        connections.close_all()

    honest, forged = Tree(40), Tree(40, fork=3)
    threads = [
        threading.Thread(target=hammer, args=(tree, range(1 + offset, 40, 5)))
        for tree in (honest, forged)
        for offset in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def test_racing_submissions_never_get_two_histories_cosigned(race: list[tuple[str, str]]) -> None:
    """All that was cosigned lies in one of the two histories, and each size has one root."""
    accepted = [notes.open_checkpoint(note, [SIGNER.vkey]) for note, _lines in race]
    assert all(len(cosigned(note, lines)) == 2 for note, lines in race)
    assert len({each.size for each in accepted}) > 1
    assert len({each.size for each in accepted}) == len({(each.size, each.root) for each in accepted})
    histories = (Tree(40), Tree(40, fork=3))
    assert any(all(tree.checkpoint(each.size) == each for each in accepted) for tree in histories)
