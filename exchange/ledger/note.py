"""Signed notes: short text that names its signers, in the C2SP signed-note format (c2sp.org/signed-note).

A note is text, an empty line, and one or more lines `— name base64(key id || signature)`. Anybody may add a
signature without touching the others: a unit that countersigns a checkpoint does not need the hub.

Not here: Ed25519 itself. `sign` and `verify` are passed in, so that this room knows formats and no
cryptography.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from exchange.errors import NoteError

__all__ = [
    "MAX_NOTE_BYTES",
    "MAX_SIGNATURES",
    "NoteSignature",
    "Sign",
    "SignedNote",
    "VerifierKey",
    "Verify",
    "decode_base64",
    "encode_base64",
    "open_note",
    "sign_note",
]

Sign = Callable[[bytes], bytes]
Verify = Callable[[bytes, bytes, bytes], bool]
"""(public key, signature, message) -> whether the Ed25519 signature is good."""

MAX_SIGNATURES: Final = 32  # the format asks for at least 16
MAX_NOTE_BYTES: Final = 256 * 1024  # 16 post-quantum signatures of 5 kB fit

_ED25519 = b"\x01"
_PUBLIC_KEY_SIZE = 32
_SIGNATURE_SIZE = 64
_KEY_ID_SIZE = 4
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_NAME = re.compile(r"[^\s+\x00-\x1f]+")
_SIGNATURE_LINE = re.compile(r"— (?P<name>[^ ]+) (?P<value>[^ ]+)")


def encode_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Return the bytes that standard base64 writes as exactly `text`, or raise `NoteError`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"not base64: {text[:80]!r}") from error
    if encode_base64(data) != text:  # stray bits in the last character: a second spelling of the same bytes
        raise NoteError(f"not canonical base64: {text[:80]!r}")
    return data


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """The name and Ed25519 public key of a signer of notes. `str(key)` is what people hand to each other."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public_key) != _PUBLIC_KEY_SIZE:
            raise NoteError(f"verifier key {self.name}: an Ed25519 public key has {_PUBLIC_KEY_SIZE} bytes")

    @property
    def key_id(self) -> bytes:
        """The four bytes that lead every signature of this key: a hint for finding it, no protection."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.public_key).digest()[:_KEY_ID_SIZE]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public_key)}"

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """Return the key written `name+hex key id+base64`, or raise `NoteError`."""
        name, _, rest = text.partition("+")  # a name holds no plus; base64 may
        key_id, _, encoded = rest.partition("+")
        data = decode_base64(encoded)
        if data[:1] != _ED25519:
            raise NoteError(f"verifier key {text[:200]!r}: not an Ed25519 key")
        key = cls(name=name, public_key=data[1:])
        if key.key_id.hex() != key_id:
            raise NoteError(f"verifier key {text[:200]!r}: the key id belongs to another name or key")
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteSignature:
    """One signature line, of whatever algorithm its key has."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.key_id) != _KEY_ID_SIZE or not self.signature:
            raise NoteError(f"signature of {self.name}: too short")

    def line(self) -> str:
        return f"— {self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        match = _SIGNATURE_LINE.fullmatch(line)
        if match is None:
            raise NoteError(f"not a signature line: {line[:80]!r}")
        data = decode_base64(match["value"])
        return cls(name=match["name"], key_id=data[:_KEY_ID_SIZE], signature=data[_KEY_ID_SIZE:])


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedNote:
    """A note as it was read: well formed, verified by nobody yet. Take the text from `open_note`."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        _check_text(self.text)
        if not 1 <= len(self.signatures) <= MAX_SIGNATURES:
            raise NoteError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(self.signatures)}")

    def __str__(self) -> str:
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)

    @classmethod
    def parse(cls, note: str) -> "SignedNote":
        """Return the parts of `note`, or raise `NoteError`."""
        _check_characters(note)
        # The text may hold empty lines itself: the last one separates (signed-note, Format).
        text, separator, block = note.rpartition("\n\n")
        if not separator or not block.endswith("\n"):
            raise NoteError("not a signed note: no empty line followed by whole signature lines")
        lines = block[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise NoteError(f"more than {MAX_SIGNATURES} signatures")
        return cls(text=text + "\n", signatures=tuple(NoteSignature.parse(line) for line in lines))


def sign_note(text: str, key_name: str, public_key: bytes, sign: Sign) -> str:
    """Return `text` as a note signed by one Ed25519 key. The text must end with a newline."""
    key = VerifierKey(name=key_name, public_key=public_key)
    _check_text(text)
    signature = sign(text.encode())
    if len(signature) != _SIGNATURE_SIZE:
        raise NoteError(f"an Ed25519 signature has {_SIGNATURE_SIZE} bytes, not {len(signature)}")
    note = SignedNote(text=text, signatures=(NoteSignature(name=key_name, key_id=key.key_id, signature=signature),))
    return str(note)


def open_note(note_text: str, verifier_key: VerifierKey, verify: Verify) -> str:
    """Return the text of a note that `verifier_key` signed, or raise `NoteError`."""
    note = SignedNote.parse(note_text)  # (1) well formed, whoever signed
    # (2) name and key id together say whose a line is; all other signers are strangers and are passed over
    wanted = (verifier_key.name, verifier_key.key_id)
    ours = [line for line in note.signatures if (line.name, line.key_id) == wanted]
    if not ours:
        raise NoteError(f"note is not signed by {verifier_key.name}")
    # (3) every line that claims the known key must be good: a bad one beside a good one is no noise
    for line in ours:
        good_size = len(line.signature) == _SIGNATURE_SIZE
        if not good_size or not verify(verifier_key.public_key, line.signature, note.text.encode()):
            raise NoteError(f"signature of {verifier_key.name} does not verify")
    return note.text


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise NoteError(f"key name {name[:80]!r}: must not be empty or hold spaces, controls or a plus")
    _check_characters(name)


def _check_text(text: str) -> None:
    _check_characters(text)
    if not text.endswith("\n"):
        raise NoteError("note text must end with a newline")


def _check_characters(text: str) -> None:
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise NoteError("note is not UTF-8 text") from error
    if size > MAX_NOTE_BYTES:
        raise NoteError(f"note is longer than {MAX_NOTE_BYTES} bytes")
    if _CONTROL.search(text):
        raise NoteError("note holds a control character")
