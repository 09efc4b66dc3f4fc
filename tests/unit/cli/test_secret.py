"""URLs with passwords come from files that nobody else can read."""

from pathlib import Path

import pytest

from exchange.cli.failure import CommandError
from exchange.cli.secret import private_url

WITH_PASSWORD = "postgresql://yidi:geheim@127.0.0.1/yidi"  # of nothing


def test_a_url_without_a_password_may_be_typed() -> None:
    assert private_url("--database", "postgresql://yidi@127.0.0.1/yidi") == "postgresql://yidi@127.0.0.1/yidi"
    assert private_url("--management", None) is None


def test_a_password_in_an_argument_is_refused_and_not_repeated() -> None:
    with pytest.raises(CommandError) as caught:
        private_url("--database", WITH_PASSWORD)
    assert caught.value.code == "SECRET_SHOWN"
    assert "geheim" not in str(caught.value)


def test_a_private_file_gives_its_first_line(tmp_path: Path) -> None:
    file = tmp_path / "database.url"
    file.touch(mode=0o600)
    file.write_text(f"{WITH_PASSWORD}\nmore\n")
    assert private_url("--database", f"@{file}") == WITH_PASSWORD


@pytest.mark.parametrize(("content", "mode", "code"), [("x", 0o644, "SECRET_SHOWN"), ("\n", 0o600, "INPUT")])
def test_a_file_that_is_open_to_others_or_empty_is_refused(tmp_path: Path, content: str, mode: int, code: str) -> None:
    file = tmp_path / "database.url"
    file.write_text(content)
    file.chmod(mode)
    with pytest.raises(CommandError) as caught:
        private_url("--database", f"@{file}")
    assert caught.value.code == code


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="nowhere"):
        private_url("--database", f"@{tmp_path / 'nowhere'}")


@pytest.mark.parametrize("url", ["https://[::1", "amqp://x@h:99999", "postgresql://x:geheim@h:port/y"])
def test_what_is_no_url_is_said_so_and_not_repeated(tmp_path: Path, url: str) -> None:
    file = tmp_path / "url"
    file.touch(mode=0o600)
    file.write_text(url)
    for given in (url, f"@{file}"):
        with pytest.raises(CommandError) as caught:
            private_url("--broker", given)
        assert "geheim" not in str(caught.value)
        assert "--broker" in str(caught.value)
