"""`yidi hub backup` and `hub restore` of a one-machine exchange; PostgreSQL and far nodes are in `tests/servers`."""

import json
import shutil
from pathlib import Path

import pytest

from exchange.cli.opened import desk
from exchange.model.unit import UnitCode
from tests.unit.cli.commands import Result, deliver, send, yidi

REASON = ("--reason", "磁盘损坏")


@pytest.fixture
def kept(delivered: tuple[Path, str], tmp_path: Path) -> tuple[Path, Path, Path]:
    """(data, backup, its secrets)"""
    data, _ = delivered
    backup, secrets = tmp_path / "backup", tmp_path / "secrets"
    result = yidi("hub", "backup", "--out", backup, "--secrets", secrets, data=data)
    assert result.code == 0, result.err
    return data, backup, secrets


def restore(backup: Path, into: Path, *more: str | Path) -> Result:
    return yidi("hub", "restore", backup, *REASON, *more, data=into)


def test_what_was_backed_up_is_there_again_and_every_promise_holds(
    delivered: tuple[Path, str], kept: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    data, backup, secrets = kept
    shutil.rmtree(data)
    new = tmp_path / "new"

    assert restore(backup, new, "--secrets", secrets).code == 0
    assert (new / "node" / "restored").exists()
    deliver(new, "hub_restored")
    assert not (new / "node" / "restored").exists()
    later = send(new)
    deliver(new)

    assert yidi("ledger", "verify", "--files", data=new).code == 0
    sent = {row["id"] for row in yidi("track", "--json", data=new).json}
    assert sent == {delivered[1], later}


def test_no_secret_is_in_a_backup_and_what_is_secret_stays_so(kept: tuple[Path, Path, Path]) -> None:
    data, backup, secrets = kept
    passphrase = (data / "secrets" / "passphrase").read_bytes().strip()
    members = [path for path in backup.rglob("*") if path.is_file()]

    assert not any(passphrase in path.read_bytes() for path in members)
    assert (secrets / "passphrase").read_bytes().strip() == passphrase
    private = [secrets / "passphrase", *(backup / "hub" / "keys").iterdir(), *backup.rglob("*.sqlite")]
    assert len(private) > 5
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*private, backup, secrets])


def test_a_backup_without_secrets_says_what_must_be_kept_elsewhere(data: Path, tmp_path: Path) -> None:
    result = yidi("hub", "backup", "--out", tmp_path / "backup", data=data)

    assert result.code == 0
    assert str(data / "secrets") in result.out
    assert not (tmp_path / "backup" / "secrets").exists()


@pytest.mark.parametrize("spoil", ["change", "remove", "add", "cut off"])
def test_a_spoilt_backup_is_refused_before_anything_is_touched(
    kept: tuple[Path, Path, Path], tmp_path: Path, spoil: str
) -> None:
    _, backup, secrets = kept
    key = backup / "hub" / "keys" / "ledger.pem"
    match spoil:
        case "change":
            key.write_bytes(key.read_bytes()[:-2] + b"x\n")
        case "remove":
            key.unlink()
        case "add":
            (backup / "hub" / "keys" / "another.pem").write_bytes(b"")
        case "cut off":
            (backup / "backup.json").unlink()
    result = restore(backup, tmp_path / "new", "--secrets", secrets)

    assert result.code == 1
    assert result.err.startswith("错误 BACKUP: ")
    assert not (tmp_path / "new").exists()


def test_nothing_is_restored_over_an_exchange(kept: tuple[Path, Path, Path]) -> None:
    data, backup, secrets = kept
    before = (data / "anchor.json").read_bytes()
    result = restore(backup, data, "--secrets", secrets)

    assert (result.code, result.err.split(":")[0]) == (1, "错误 EXISTS")
    assert (data / "anchor.json").read_bytes() == before


def test_one_machine_has_no_database_to_choose(kept: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, backup, secrets = kept
    told = restore(backup, tmp_path / "new", "--secrets", secrets, "--database", "postgresql://yidi@127.0.0.1/yidi")
    assert (told.code, "no PostgreSQL" in told.err) == (1, True)
    assert not (tmp_path / "new").exists()


def test_a_backup_is_never_put_into_what_it_backs_up_nor_over_another(data: Path, tmp_path: Path) -> None:
    within = yidi("hub", "backup", "--out", data / "backup", data=data)
    yidi("hub", "backup", "--out", tmp_path / "backup", data=data)
    again = yidi("hub", "backup", "--out", tmp_path / "backup", data=data)
    inside = yidi("hub", "backup", "--out", tmp_path / "b", "--secrets", tmp_path / "b" / "s", data=data)

    assert [one.err.split(":")[0] for one in (within, again, inside)] == ["错误 BACKUP"] * 3


def test_the_directory_says_that_when_and_why_the_hub_began_again_and_is_beyond_every_other(
    kept: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    data, backup, secrets = kept
    taken = json.loads((backup / "backup.json").read_text())["taken"]
    for number in range(3):  # versions that the backup does not know
        yidi("hub", "groups", "add", f"g{number}", "组", "--member", "甲局", data=data)
    with desk(data) as opened:
        held = opened.directory().version
    restore(backup, tmp_path / "new", "--secrets", secrets)

    with desk(tmp_path / "new") as opened:
        restored = opened.administration().administrator.current()
        with opened.hub_store.begin() as session:
            checkpoint = session.checkpoint()
    assert checkpoint is not None
    (one,) = restored.restorings
    assert restored.version > held + 1_000_000
    assert (one.reason, one.backup.isoformat(), one.size, one.root) == (
        *("磁盘损坏", taken),
        *(checkpoint.size, checkpoint.root),
    )


def test_a_far_nodes_commands_are_not_for_one_machine_and_say_which_is(data: Path, tmp_path: Path) -> None:
    result = yidi("node", "backup", "--out", tmp_path / "backup", data=data)

    assert result.code == 1
    assert "yidi hub backup" in result.err


def test_a_newer_directory_from_a_node_saves_what_was_revoked_since_the_backup(
    kept: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    data, backup, secrets = kept
    assert yidi("hub", "units", "revoke", "丙镇", "--reason", "被盗", "--yes", data=data).code == 0
    newest = tmp_path / "directory.xml"
    with desk(data) as opened:
        opened.directory()  # the node takes the newest
    assert yidi("node", "directory", "--out", newest, data=data).code == 0
    without = restore(backup, tmp_path / "without", "--secrets", secrets)
    result = restore(backup, tmp_path / "new", "--secrets", secrets, "--directory", newest)

    assert (result.code, without.code) == (0, 0)
    assert ["revoke" in one.out for one in (result, without)] == [False, True]
    revoked = []
    for place in (tmp_path / "new", tmp_path / "without"):
        with desk(place) as opened:
            units = opened.administration().administrator.current().by_code
            revoked.append([key.revoked is not None for key in units[UnitCode("520304-003")].keys])
    assert revoked == [[True], [False]]
    deliver(tmp_path / "new", "hub_restored")
    assert yidi("ledger", "verify", data=tmp_path / "new").code == 0


def test_a_directory_that_is_not_the_exchanges_own_is_refused(kept: tuple[Path, Path, Path], tmp_path: Path) -> None:
    _, backup, secrets = kept
    forged = tmp_path / "directory.xml"
    forged.write_bytes(Path("schemas/examples/directory.xml").read_bytes())
    result = restore(backup, tmp_path / "new", "--secrets", secrets, "--directory", forged)

    assert (result.code, result.err.split(":")[0]) == (1, "错误 DIRECTORY_SIGNATURE")
    assert not (tmp_path / "new").exists()
