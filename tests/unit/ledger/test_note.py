"""Notes against the published example of the format and against every way in which one can be malformed.

The signatures here are a stand-in, a keyed hash of the right length: Ed25519 is not this room's business.
"""

import hashlib
import hmac

import pytest

from exchange.errors import NoteError
from exchange.ledger.note import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    NoteSignature,
    SignedNote,
    VerifierKey,
    decode_base64,
    encode_base64,
    open_note,
    sign_note,
)

NAME = "hub.example/ledger"
PUBLIC = bytes(range(32))
KEY = VerifierKey(name=NAME, public_key=PUBLIC)
TEXT = "驿递\n\nsecond part\n"

# The checkpoint that c2sp.org/tlog-checkpoint prints.
PUBLISHED = (
    "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
    "— example.com/behind-the-sofa "
    "Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
)


def sign(message: bytes) -> bytes:
    return hmac.digest(PUBLIC, message, "sha512")


def verify(public_key: bytes, signature: bytes, message: bytes) -> bool:
    return hmac.compare_digest(hmac.digest(public_key, message, "sha512"), signature)


def never(public_key: bytes, signature: bytes, message: bytes) -> bool:
    raise AssertionError("no cryptography is due here")


def note() -> str:
    return sign_note(TEXT, NAME, PUBLIC, sign)


def stranger(name: str = "witness.example", key_id: bytes = b"abcd", size: int = 100) -> str:
    return NoteSignature(name=name, key_id=key_id, signature=b"\x07" * size).line()


def test_a_signed_note_opens_to_its_text() -> None:
    assert open_note(note(), KEY, verify) == TEXT


def test_the_signature_line_is_name_and_key_id_before_the_signature() -> None:
    text, line = note().rsplit("\n\n", 1)
    assert text + "\n" == TEXT
    key_id = hashlib.sha256(b"hub.example/ledger\n\x01" + PUBLIC).digest()[:4]
    assert line == f"— {NAME} {encode_base64(key_id + sign(TEXT.encode()))}\n"


def test_the_published_example_reads_and_writes_back() -> None:
    parsed = SignedNote.parse(PUBLISHED)
    assert parsed.text.splitlines()[1] == "20852163"
    assert [(one.name, len(one.signature)) for one in parsed.signatures] == [("example.com/behind-the-sofa", 64)]
    assert str(parsed) == PUBLISHED


def test_a_verifier_key_is_written_as_name_key_id_and_key_and_reads_back() -> None:
    written = str(KEY)
    assert written == f"{NAME}+{KEY.key_id.hex()}+{encode_base64(bytes([1]) + PUBLIC)}"
    assert VerifierKey.parse(written) == KEY


def test_the_known_verifier_key_of_the_go_checksum_database_is_read() -> None:
    key = VerifierKey.parse("sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8")
    assert (key.name, key.key_id.hex()) == ("sum.golang.org", "033de0ae")


@pytest.mark.parametrize(
    "text",
    [
        "",
        NAME,
        f"{NAME}+{KEY.key_id.hex()}",
        str(KEY).replace(KEY.key_id.hex(), "00000000"),
        str(KEY).replace(KEY.key_id.hex(), KEY.key_id.hex().upper()),
        str(KEY).replace(NAME, "other.example"),
        str(KEY) + "=",
        str(KEY) + "\n",
        f"+{KEY.key_id.hex()}+{encode_base64(bytes([1]) + PUBLIC)}",
        f"{NAME}+{KEY.key_id.hex()}+{encode_base64(bytes([2]) + PUBLIC)}",
        f"{NAME}+{KEY.key_id.hex()}+{encode_base64(bytes([1]) + PUBLIC[:31])}",
        f"{NAME}+{KEY.key_id.hex()}+",
    ],
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


def test_signatures_of_strangers_are_passed_over() -> None:
    same_name, same_id = stranger(name=NAME), stranger(key_id=KEY.key_id)
    text, ours = note().rsplit("\n\n", 1)
    crowded = text + "\n\n" + stranger() + same_name + same_id + ours + stranger(size=5000)
    assert open_note(crowded, KEY, verify) == TEXT


def test_a_note_that_only_strangers_signed_is_refused() -> None:
    with pytest.raises(NoteError, match="not signed by"):
        open_note(TEXT + "\n" + stranger() + stranger(name=NAME) + stranger(key_id=KEY.key_id), KEY, never)


def test_an_altered_text_is_refused() -> None:
    with pytest.raises(NoteError, match="does not verify"):
        open_note(note().replace("second", "Second"), KEY, verify)


def test_a_false_signature_of_the_known_key_is_refused_even_beside_a_good_one() -> None:
    false = stranger(name=NAME, key_id=KEY.key_id, size=64)
    text, ours = note().rsplit("\n\n", 1)
    for lines in (false, false + ours, ours + false):
        with pytest.raises(NoteError, match="does not verify"):
            open_note(text + "\n\n" + lines, KEY, verify)


def test_a_signature_of_another_length_never_reaches_the_verifier() -> None:
    with pytest.raises(NoteError, match="does not verify"):
        open_note(TEXT + "\n" + stranger(name=NAME, key_id=KEY.key_id, size=63), KEY, never)


LINE = stranger()


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "\n",
        "\n\n",
        "text",
        TEXT,
        TEXT + "\n",
        TEXT + LINE,
        "\n" + LINE,
        TEXT + "\n" + LINE[:-1],
        TEXT + "\n" + LINE + "\n",
        TEXT + "\n" + LINE + "more\n",
        TEXT + "\n" + LINE.replace("—", "-"),
        TEXT + "\n" + LINE.replace("— ", "—"),
        TEXT + "\n" + LINE.replace("— ", "—  "),
        TEXT + "\n" + LINE.replace(".example ", ".example  "),
        TEXT + "\n" + LINE.replace("\n", " \n"),
        TEXT + "\n" + LINE.replace("\n", "\r\n"),
        TEXT + "\n" + LINE.replace("witness.", "wit+ness."),
        TEXT + "\n" + LINE.replace("witness.", "wit\u00a0ness."),
        TEXT + "\n" + LINE.replace("witness.", "wit\u3000ness."),
        TEXT + "\n" + LINE.replace("witness.example", ""),
        TEXT + "\n— witness.example YWJj\n",
        TEXT + "\n— witness.example YWJjZA==\n",
        TEXT + "\n— witness.example YWJjZGU\n",
        TEXT + "\n— witness.example YWJjZGV=\n",
        TEXT + "\n— witness.example YWJj-GU=\n",
        TEXT + "\n— witness.example \n",
        "tab\there\n\n" + LINE,
        "nul\x00\n\n" + LINE,
        "lone \ud800\n\n" + LINE,
        TEXT + "\n" + LINE * (MAX_SIGNATURES + 1),
        "x" * MAX_NOTE_BYTES + "\n\n" + LINE,
    ],
)
def test_a_malformed_note_is_refused(malformed: str) -> None:
    with pytest.raises(NoteError):
        SignedNote.parse(malformed)
    with pytest.raises(NoteError):
        open_note(malformed, KEY, never)


def test_as_many_signatures_as_allowed_are_read() -> None:
    assert len(SignedNote.parse(TEXT + "\n" + LINE * MAX_SIGNATURES).signatures) == MAX_SIGNATURES >= 16


@pytest.mark.parametrize("text", ["", "no newline", "a\tb\n", "a\rb\n", "\ud800\n"])
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign_note(text, NAME, PUBLIC, sign)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "\ud800"])
def test_a_name_that_no_signer_can_have_is_refused(name: str) -> None:
    with pytest.raises(NoteError):
        sign_note(TEXT, name, PUBLIC, sign)


def test_a_signer_that_returns_something_else_is_found_out() -> None:
    with pytest.raises(NoteError, match="64 bytes"):
        sign_note(TEXT, NAME, PUBLIC, lambda message: b"\x00" * 71)


def test_base64_has_one_spelling() -> None:
    assert decode_base64("YQ==") == b"a"
    for text in ("YR==", "YQ=", "YQ", "YQ==\n", " YQ==", "YQ==YQ==", "é"):
        with pytest.raises(NoteError):
            decode_base64(text)
