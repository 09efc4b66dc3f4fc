"""What a line of text may hold: the same rule for every field that a person reads.

Not here: display clean-up of file names (`exchange.model.envelope.FileEntry` refuses the bad ones outright).
"""

import re

from exchange.errors import InvalidValueError

__all__ = ["as_text", "check_line", "check_text"]

# Control characters break XML and logs; bidi overrides and zero-width characters make a text read as what it is not.
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")
_FORBIDDEN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff\ud800-\udfff]")


def check_line(field: str, text: str, longest: int) -> str:
    """Return `text`, one line of 1 to `longest` characters, or raise `InvalidValueError` naming `field`."""
    if not text.strip():
        raise InvalidValueError(f"{field}: must not be empty")
    if len(text) > longest:
        raise InvalidValueError(f"{field}: {len(text)} characters, at most {longest} are allowed")
    if found := _FORBIDDEN.search(text):
        raise InvalidValueError(f"{field}: forbidden character U+{ord(found[0]):04X} at position {found.start() + 1}")
    return text


def check_text(field: str, text: str, longest: int) -> str:
    """Return `text`, lines of up to `longest` characters in all (LF and TAB allowed), or raise `InvalidValueError`."""
    if len(text) > longest:
        raise InvalidValueError(f"{field}: {len(text)} characters, at most {longest} are allowed")
    if found := _FORBIDDEN_TEXT.search(text):
        raise InvalidValueError(f"{field}: forbidden character U+{ord(found[0]):04X} at position {found.start() + 1}")
    return text


def as_text(text: str, longest: int) -> str:
    """`text` as `check_text` allows it: cut to `longest`, and U+FFFD for what is forbidden. For messages of ours that
    quote what somebody sent."""
    return _FORBIDDEN_TEXT.sub("\N{REPLACEMENT CHARACTER}", text[:longest])
