"""`edgewise log FILE`: every form of file, twice, cut off, and broken."""

import gzip
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from edgewise import cli, importing

from tests.unit.sdk.scripted import Server, problem

AT = "2026-11-20T09:30:00Z"


def text(*decisions: dict) -> bytes:
    return b"".join(json.dumps({"occurred_at": AT, **each}).encode() + b"\n" for each in decisions)


def logged(server: Server, file: Path, *more: str) -> int:
    return cli.main(["log", str(file), "--url", server.url, "--api-key", "ew_key", *more])


def test_a_file_is_logged_once_however_often_it_is_given(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lines without an id get theirs from their content, so that it is the same each time, in any form of the file."""
    three = [{"id": "a"}, {"n": 1}, {"n": 2}]
    plain, packed, array = tmp_path / "lines", tmp_path / "packed", tmp_path / "array"
    plain.write_bytes(b"\n" + text(*three[:2]) + b"\n" + text(three[2]))
    packed.write_bytes(gzip.compress(text(*three, {"n": 3})))
    array.write_text(json.dumps([{"n": 1, "occurred_at": AT}, {"occurred_at": AT, "n": 4}], indent=1))
    assert [logged(server, file) for file in (plain, plain, packed, array)] == [0, 0, 0, 0]
    said = capsys.readouterr().out.splitlines()
    assert said == ["3 logged", "3 duplicate", "3 duplicate, 1 logged", "1 duplicate, 1 logged"]
    assert len(server.logged) == 5
    assert {record["occurred_at"] for record in server.logged.values()} == {AT}


def test_what_is_wrong_is_named_by_line_and_costs_no_other(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lines"
    file.write_bytes(text({"id": "a"}) + b'{"id": \n[1]\n{"id": "b"}\n\xff\n' + text({"id": "c"}))
    assert logged(server, file) == 1
    out, err = capsys.readouterr()
    assert out == "2 logged, 4 rejected\n"
    assert [line.split(":")[0] for line in err.splitlines()] == ["line 2", "line 3", "line 4 b", "line 5"]
    assert "add occurred_at" in err
    file.write_bytes(b"{\n" * 150)
    assert logged(server, file) == 1
    assert capsys.readouterr().err.count("line ") == 100


def test_refusals_of_the_server_are_named(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    items = [
        {"id": "d", "status": "rejected", "error": {"code": "unknown_edge", "detail": "No.", "pointer": "/o"}}
    ]
    server.script = [(422, {}, json.dumps({"items": items}).encode())]
    (tmp_path / "bad").write_bytes(text({"id": "d"}))
    assert logged(server, tmp_path / "bad") == 1
    assert capsys.readouterr().err == "line 1 d: unknown_edge: No. (/o)\n"


def test_a_run_that_is_cut_off_is_taken_up_again(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.transport.time.sleep", lambda _: None)
    monkeypatch.setattr("edgewise.cli_model.CHUNK", 500)
    file = tmp_path / "lines"
    file.write_bytes(text(*({"n": n} for n in range(1_200))))
    server.script = [server.accept, *[problem(401, "unauthenticated")]]
    assert logged(server, file) == 1
    assert "unauthenticated" in capsys.readouterr().err
    assert logged(server, file) == 0
    assert capsys.readouterr().out == "500 duplicate, 700 logged\n"


def test_exit_codes_tell_refusals_from_a_server_that_is_away(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edgewise.cli_model.PATIENCE", 0.1)
    file = tmp_path / "lines"
    file.write_bytes(text({"id": "a"}))
    assert cli.main(["log", str(file), "--url", "http://127.0.0.1:9", "--api-key", "k"]) == 3
    assert "nothing is doubled" in capsys.readouterr().err
    assert cli.main(["log", str(file), "--url", server.url]) == 2
    assert "EDGEWISE_API_KEY" in capsys.readouterr().err
    assert logged(server, tmp_path / "none") == 2
    with pytest.raises(SystemExit) as usage:
        cli.main(["log"])
    assert usage.value.code == 2


@pytest.mark.parametrize(
    "broken",
    [gzip.compress(text({"id": "a"}))[:-9], b"[1,", gzip.compress(b"{}")[:6]],
    ids=["a cut end", "half an array", "a cut beginning"],
)
def test_a_file_that_is_broken_as_a_whole_is_said(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: bytes
) -> None:
    (tmp_path / "broken").write_bytes(broken)
    assert logged(server, tmp_path / "broken") == 1
    assert "the file" in capsys.readouterr().err


def test_standard_input_is_read_as_it_comes(server: Server) -> None:
    environment = os.environ | {"EDGEWISE_URL": server.url, "EDGEWISE_API_KEY": "ew_key"}
    for given in (text({"id": "a"}), gzip.compress(text({"id": "a"}))):
        done = subprocess.run(
            [sys.executable, "-m", "edgewise", "log", "-"],
            input=given, env=environment, capture_output=True, timeout=60, check=True,
        )  # fmt: skip
        assert done.stdout in (b"1 logged\n", b"1 duplicate\n")


def test_a_long_file_is_read_piece_by_piece() -> None:
    class Endless(io.RawIOBase):
        read_bytes = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:
            line = text({"n": self.read_bytes})
            buffer[: len(line)] = line
            self.read_bytes += len(line)
            return len(line)

    endless = Endless()
    found = importing.lines(io.BufferedReader(endless))
    assert len({next(found).decision["id"] for _ in range(100)}) == 100
    assert endless.read_bytes < 1 << 20
