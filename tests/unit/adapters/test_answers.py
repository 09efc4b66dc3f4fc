"""What an office gives for a file and is none."""

from pathlib import Path

import pytest

from exchange.adapters.forms.answers import refuse_answers
from exchange.errors import AdapterError

PAGE = b"\xef\xbb\xbf\r\n<!DOCTYPE html><html><body>\xe7\x99\xbb\xe5\xbd\x95</body></html>"
SAVED_BY_WORD = b'<html xmlns:o="urn:schemas-microsoft-com:office:office"><body></body></html>'
EXPIRED = b' {"status": false, "msg": "token expired"}'


def came(folder: Path, name: str, data: bytes) -> None:
    (folder / "file").write_bytes(data)
    refuse_answers(name, folder / "file")


@pytest.mark.parametrize(("data", "said"), [(PAGE, "网页"), (EXPIRED, "JSON")])
def test_what_an_office_says_instead_is_not_taken_for_the_file(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(AdapterError, match=f"通知.PDF 得到的是一(个|段) ?{said}"):
        came(tmp_path, "通知.PDF", data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("通知.html", PAGE),
        ("通知.doc", SAVED_BY_WORD),
        ("说明.json", EXPIRED),
        ("说明.txt", EXPIRED),
        ("通知.pdf", b"%PDF-1.7 {}"),
        ("通知.rtf", b"{\\rtf1 }"),
        ("大.dat", b'{"a": "' + b"x" * (20 << 10) + b'"}'),
        ("空.txt", b""),
    ],
)
def test_files_are_files(tmp_path: Path, name: str, data: bytes) -> None:
    came(tmp_path, name, data)
