"""What a doctor says of names, ports and a store of files."""

import socket
from pathlib import Path

from exchange.cli.doctor.checks import Finding, Level
from exchange.cli.doctor.reach import file_store, reach


def told(findings: list[Finding]) -> list[tuple[str, Level]]:
    assert all(one.cure for one in findings if one.level is not Level.OK)
    return [(one.check, one.level) for one in findings]


def test_a_name_without_address_and_a_port_that_is_shut_are_two_things() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert told(list(reach([f"amqp://x@127.0.0.1:{port}/v"]))) == [("names", Level.OK), ("ports", Level.OK)]
    shut = list(reach([f"https://127.0.0.1:{port}"]))
    assert told(shut) == [("names", Level.OK), ("ports", Level.FAILURE)]
    assert f"nc -vz 127.0.0.1 {port}" in shut[1].cure
    assert shut[1].found == f"127.0.0.1:{port} 连不上：没有程序在听"
    unknown = list(reach(["https://hub.invalid:8443"]))
    assert told(unknown) == [("names", Level.FAILURE)]
    assert "/etc/hosts" in unknown[0].cure


def test_an_address_that_is_none_is_told_without_its_password() -> None:
    (finding,) = reach(["amqp://u:geheim@:99999/v"])
    assert (finding.level, "geheim" in finding.found) == (Level.FAILURE, False)


def test_a_store_of_files_is_written_and_read_and_nothing_stays(tmp_path: Path) -> None:
    assert told(list(file_store(tmp_path / "none", "hub"))) == [("files", Level.OK)]
    assert told(list(file_store(tmp_path, "hub"))) == [("files", Level.OK)]
    assert list(tmp_path.iterdir()) == []


def test_files_that_went_bad_are_told(tmp_path: Path) -> None:
    (tmp_path / "corrupt").mkdir()
    (tmp_path / "corrupt" / "ab.1").write_bytes(b"x")
    (tmp_path / "corrupt" / "ab.1.txt").write_text("why", encoding="utf-8")
    (finding,) = file_store(tmp_path, "node")
    assert (finding.level, "1 " in finding.found) == (Level.WARNING, True)


def test_a_folder_that_takes_nothing_is_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "file"
    folder.write_bytes(b"")  # also root cannot make a file in a file
    (finding,) = file_store(folder, "hub")
    assert (finding.level, bool(finding.cure)) == (Level.FAILURE, True)
