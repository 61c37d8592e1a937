"""Exported logs: plain files that verify by themselves."""

import contextlib
import functools
import http.server
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from edgewise import merkle, notes, verifier
from edgewise.checkpoints import Checkpoint
from edgewise.errors import VerificationError

from audits.ledger import export, keys, selectors, services, signer
from audits.ledger.models import Log
from governance import durable
from tests.independent_reader import reader
from tests.unit.audits.ledger import worlds


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_verifies_with_anybodys_software(log: Log, tmp_path: Path) -> None:
    """By the independent reader and by the SDK, with the policy file that lies beside it."""
    services.append(log=log, entries=worlds.numbered(0, 600))
    signer.publish(log=log, at=worlds.AT)
    assert export.export(log=log, folder=tmp_path, url="") == 600
    assert reader.main([str(tmp_path), selectors.vkeys(log=log)[0]]) == 0
    folder = verifier.Folder(tmp_path)
    assert verifier.verify_log(folder, verifier.stated_policy(folder)).checkpoint.size == 600


def test_a_second_export_only_adds(log: Log, tmp_path: Path) -> None:
    """What was complete stays as it is; the log that continues verifies against the state remembered."""
    services.append(log=log, entries=worlds.numbered(0, 300))
    signer.publish(log=log, at=worlds.AT)
    export.export(log=log, folder=tmp_path, url="")
    before, note = files(tmp_path), (tmp_path / "checkpoint").read_text(encoding="utf-8")
    services.append(log=log, entries=worlds.numbered(300, 600))
    signer.publish(log=log, at=worlds.AT)
    export.export(log=log, folder=tmp_path, url="")
    after = files(tmp_path)
    assert all(after[name] == content for name, content in before.items() if name != "checkpoint")
    folder = verifier.Folder(tmp_path)
    assert verifier.verify_log(folder, verifier.stated_policy(folder), remembered=note).checkpoint.size == 600


def test_an_unsealed_log_is_not_exported(log: Log, tmp_path: Path) -> None:
    """There is nothing to verify it by."""
    with pytest.raises(selectors.NotYetPublished):
        export.export(log=log, folder=tmp_path, url="")


def test_the_command_exports_every_log_or_one(organisation, tmp_path: Path, capsys) -> None:
    """Signed first, so that nothing committed is left out."""
    system = worlds.make_system(organisation)
    call_command("export_log", str(tmp_path / "all"))
    assert {path.name for path in (tmp_path / "all" / "north").iterdir()} == {"_org", system.slug}
    call_command("export_log", str(tmp_path / "one"), "--log", "north/assistant")
    assert [path.name for path in (tmp_path / "one" / "north").iterdir()] == ["assistant"]
    with pytest.raises(CommandError, match="no log"):
        call_command("export_log", str(tmp_path), "--log", "north/nothing")


def test_an_empty_log_is_exported_too(log: Log, tmp_path: Path) -> None:
    """A checkpoint over nothing."""
    signer.publish(log=log, at=worlds.AT)
    assert export.export(log=log, folder=tmp_path, url="") == 0
    assert (
        reader.parse_checkpoint((tmp_path / "checkpoint").read_text(encoding="utf-8")).root
        == merkle.EMPTY_ROOT
    )
    assert reader.main([str(tmp_path), selectors.vkeys(log=log)[0]]) == 0


def test_any_web_server_serves_it(log: Log, tmp_path: Path) -> None:
    """Python's own, which knows nothing of logs: the SDK verifies the address, and finds a changed file."""
    services.append(log=log, entries=worlds.numbered(0, 700))
    signer.publish(log=log, at=worlds.AT)
    export.export(log=log, folder=tmp_path, url="")
    with static_server(tmp_path) as url:
        site = verifier.Site(url)
        policy = verifier.stated_policy(site)
        assert verifier.verify_log(site, policy).checkpoint.size == 700
        bundle = tmp_path / "tile/entries/001"
        bundle.write_bytes(bundle.read_bytes()[:-1] + b"?")
        with pytest.raises(VerificationError) as found:
            verifier.verify_log(site, policy)
        assert found.value.index == 511
        site.close()


@contextlib.contextmanager
def static_server(folder: Path) -> Iterator[str]:
    handler = functools.partial(Silent, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class Silent(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


def test_a_folder_with_another_history_is_left_alone(organisation, tmp_path: Path) -> None:
    """Another log's, and one that this log does not continue: nothing is mixed."""
    log, other = worlds.empty_log(organisation), worlds.empty_log(organisation)
    for each, entries in ((log, worlds.numbered(0, 300)), (other, worlds.numbered(0, 300))):
        services.append(log=each, entries=entries)
        signer.publish(log=each, at=worlds.AT)
    export.export(log=other, folder=tmp_path, url="")
    before = files(tmp_path)
    with pytest.raises(export.OtherExport, match="another log"):
        export.export(log=log, folder=tmp_path, url="")
    hashes = merkle.leaf_hashes(worlds.numbered(1, 300))
    forked = Checkpoint(log.origin, 299, merkle.root(hashes))
    (tmp_path / "checkpoint").write_text(notes.sign(forked.text(), keys.signers(log.origin), at=1))
    with pytest.raises(export.OtherExport, match="no earlier state"):
        export.export(log=log, folder=tmp_path, url="")
    assert {name: content for name, content in files(tmp_path).items() if name != "checkpoint"} == {
        name: content for name, content in before.items() if name != "checkpoint"
    }


def published(organisation, first: int, end: int) -> Log:
    """A log of its own with these entries."""
    log = worlds.empty_log(organisation)
    services.append(log=log, entries=worlds.numbered(first, end))
    signer.publish(log=log, at=worlds.AT)
    return log


def test_what_a_killed_export_of_another_log_left_is_not_taken_for_this_one(
    organisation, tmp_path: Path, monkeypatch
) -> None:
    """It had no checkpoint yet: nothing there counts as complete, also later, when the log has grown so far."""
    other, log = published(organisation, 5, 805), published(organisation, 0, 300)
    write = export._write

    def killed(place: Path, content: bytes) -> None:
        if place.name == "policy":
            (place.parent / f".1.ab{durable.DRAFT}").write_bytes(b"half")
            raise KeyboardInterrupt
        write(place, content)

    monkeypatch.setattr(export, "_write", killed)
    with pytest.raises(KeyboardInterrupt):
        export.export(log=other, folder=tmp_path, url="")
    monkeypatch.setattr(export, "_write", write)
    for size in (300, 800):
        if size > selectors.size(log=log):
            services.append(log=log, entries=worlds.numbered(300, size))
            signer.publish(log=log, at=worlds.AT)
        assert export.export(log=log, folder=tmp_path, url="") == size
        assert reader.main([str(tmp_path), selectors.vkeys(log=log)[0]]) == 0
    assert list(tmp_path.rglob(f"*{durable.DRAFT}")) == []


def test_two_exports_into_one_folder_do_not_run_at_once(log: Log, tmp_path: Path) -> None:
    signer.publish(log=log, at=worlds.AT)
    with durable.alone(tmp_path / export.LOCK), pytest.raises(export.ExportRunning) as refusal:
        export.export(log=log, folder=tmp_path, url="")
    assert refusal.value.code == "export_running"
    assert not (tmp_path / "checkpoint").exists()
    assert export.export(log=log, folder=tmp_path, url="") == 0


def test_everything_is_on_disk_before_the_checkpoint_takes_its_place(
    log: Log, tmp_path: Path, monkeypatch
) -> None:
    """Files and the names of files: after a power cut nothing is wrong that a later export would leave alone."""
    services.append(log=log, entries=worlds.numbered(0, 300))
    signer.publish(log=log, at=worlds.AT)
    synced: list[int] = []
    before: set[int] = set()
    really, replace = os.fsync, durable.replace

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        really(descriptor)

    def replaced(path: Path, content: bytes) -> None:
        if path.name == "checkpoint":
            before.update(synced)
        replace(path, content)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(durable, "replace", replaced)
    export.export(log=log, folder=tmp_path, url="")
    wanted = {tmp_path, *tmp_path.rglob("*")} - {tmp_path / "checkpoint", tmp_path / export.LOCK}
    assert {path for path in wanted if path.stat().st_ino not in before} == set()
    assert synced[-1] == tmp_path.stat().st_ino
