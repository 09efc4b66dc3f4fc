"""What an office gives for a file and is none: it answers 200 with its login page, or with JSON that says why not, once
it does not know us any more. Sent out, that would be a document that nobody wrote.

Limits: a page under the name of a page, and JSON under that of a text, cannot be told from a file.
"""

import json
from pathlib import Path
from typing import Final

from exchange.errors import AdapterError

__all__ = ["refuse_answers"]

_HEAD: Final = 16 << 10
_BLANK: Final = b"\xef\xbb\xbf \t\r\n"
_PAGE: Final = (b"<!doctype html", b"<html")
_OF_OFFICE: Final = b"urn:schemas-microsoft-com"  # Word and Excel save pages under the names of their documents
_PAGES: Final = ("htm", "html", "xhtml")
_TEXTS: Final = ("json", "geojson", "txt", "log")


def refuse_answers(name: str, path: Path) -> None:
    """`path`: what came for the file of that name. Raises AdapterError: asked again later, it may come."""
    with path.open("rb") as file:
        head = file.read(_HEAD + 1)
    text, suffix = head.lstrip(_BLANK), name.lower().rpartition(".")[2]
    if text.lower().startswith(_PAGE) and suffix not in _PAGES and _OF_OFFICE not in head:
        raise AdapterError(f"附件 {name} 得到的是一个网页（登录页？），核对下载地址与账号的权限")
    if text.startswith(b"{") and len(head) <= _HEAD and suffix not in _TEXTS and _is_json(text):
        raise AdapterError(f"附件 {name} 得到的是一段 JSON，不是文件：登录已失效，或账号没有权限")


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
