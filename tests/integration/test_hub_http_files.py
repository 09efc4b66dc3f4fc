"""Files over the hub's HTTP when the line is bad, and what the protocol says to those who ask wrongly."""

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from exchange.directory.update import revoke_key
from exchange.errors import AllowanceError, LimitError, NotAuthorisedError, TransportError
from exchange.model.calendar import COUNTY_TIME, start_of
from exchange.testing.keys import unit_code
from tests.contract.hub_line import HubLine, claim, entry_of, hub_line

DATA = hashlib.shake_128(b"a large file").digest(3 << 20)
ENTRY = entry_of(DATA)
UPLOAD = f"/v1/uploads/{ENTRY.sha256}.{ENTRY.size}.{ENTRY.sm3}"
FILE = f"/v1/files/{ENTRY.sha256}"
TUS = {"Tus-Resumable": "1.0.0"}
UNIT, OTHER = unit_code(1), unit_code(2)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[HubLine]:
    with hub_line(tmp_path) as line:
        yield line


def patch_fields(offset: int = 0) -> dict[str, str]:
    return TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}


def until(happened: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def put(line: HubLine) -> None:
    assert line.exchange.upload(UNIT, ENTRY, 0, DATA) == ENTRY.size


def test_an_upload_goes_on_at_the_byte_where_the_line_was_cut(line: HubLine) -> None:
    line.remote.offset(UNIT, ENTRY)
    line.proxy.bytes_per_second = (
        4_000_000  # the hub reads while it comes: what waits in a buffer is lost with the line
    )
    line.proxy.cut_after(2_000_000)
    with pytest.raises(TransportError) as cut:
        line.client.ask("PATCH", UPLOAD, unit=UNIT, headers=patch_fields(), body=DATA, again=False)
    assert cut.value.code == "HUB_CUT"
    until(lambda: line.answered("CUT"))
    line.proxy.bytes_per_second = 0
    held = line.remote.offset(UNIT, ENTRY)
    assert 0 < held < 2_000_000  # what the hub had not read yet when the line broke is lost with it
    assert line.remote.upload(UNIT, ENTRY, held, DATA[held:]) == ENTRY.size
    assert line.remote.download(UNIT, ENTRY.sha256, 0, ENTRY.size) == DATA


def test_a_cut_within_a_chunk_is_healed_before_anybody_hears_of_it(line: HubLine) -> None:
    line.proxy.cut_after(1_000_000)
    assert line.remote.upload(UNIT, ENTRY, 0, DATA) == ENTRY.size
    assert line.remote.download(UNIT, ENTRY.sha256, 0, ENTRY.size) == DATA


def test_a_download_cut_in_the_middle_gives_what_came_and_goes_on_there(line: HubLine) -> None:
    put(line)
    line.proxy.bytes_per_second = 4_000_000
    cutter = threading.Timer(0.4, line.proxy.reset)
    cutter.start()
    data = line.remote.download(UNIT, ENTRY.sha256, 0, ENTRY.size)
    cutter.join()
    assert 0 < len(data) < ENTRY.size
    line.proxy.bytes_per_second = 0
    data += line.remote.download(UNIT, ENTRY.sha256, len(data), ENTRY.size)
    assert data == DATA


def test_an_upload_that_falls_silent_is_cut_and_what_came_is_kept(tmp_path: Path) -> None:
    with hub_line(tmp_path, idle_seconds=0.2) as line:
        given_up = threading.Event()

        def slowly() -> Iterator[bytes]:
            yield DATA[:300_000]
            given_up.wait(10)
            yield DATA[300_000:]

        fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields(), DATA) | {"Content-Length": str(len(DATA))}
        asking = threading.Thread(target=line.raw, args=("PATCH", UPLOAD, fields, slowly()))
        asking.start()
        until(lambda: line.answered("CUT"))
        given_up.set()
        asking.join()
        assert line.exchange.offset(UNIT, ENTRY) == 300_000


def test_a_request_seen_before_is_refused(line: HubLine) -> None:
    fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields(), DATA[:100])
    assert line.raw("PATCH", UPLOAD, fields, DATA[:100]).status_code == 204
    again = line.raw("PATCH", UPLOAD, fields, DATA[:100])
    assert (again.status_code, again.json()["code"]) == (401, "HTTP_SIG_REPLAY")
    assert line.exchange.offset(UNIT, ENTRY) == 100


def test_another_body_than_the_signed_one_leaves_nothing(line: HubLine) -> None:
    fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields(), DATA[:100])
    refused = line.raw("PATCH", UPLOAD, fields, DATA[100:200])
    assert (refused.status_code, refused.json()["code"]) == (400, "HTTP_DIGEST")
    assert line.exchange.offset(UNIT, ENTRY) == 0


def test_a_signature_is_good_for_this_hub_alone(line: HubLine) -> None:
    fields = line.signed(UNIT, "GET", FILE) | {"Host": "other.example"}
    put(line)
    assert line.raw("GET", FILE, fields).status_code == 200  # the name in Host is not believed
    fields = replace(line, url="https://other.example").signed(UNIT, "GET", FILE)
    refused = line.raw("GET", FILE, fields | {"Host": "other.example"})
    assert (refused.status_code, refused.json()["code"]) == (401, "HTTP_SIG_VALUE")


@pytest.mark.parametrize(("method", "path"), [("GET", FILE), ("POST", "/v1/files"), ("PATCH", UPLOAD)])
def test_who_does_not_sign_gets_nothing(line: HubLine, method: str, path: str) -> None:
    put(line)
    refused = line.raw(method, path, TUS)
    assert refused.status_code == 401
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.headers["www-authenticate"].startswith("Signature")
    assert refused.json()["type"] == "urn:yidi:problem:HTTP_SIG_MISSING"


@pytest.mark.parametrize(
    ("given", "status", "content", "shown"),
    [
        ("bytes=0-99", 206, DATA[:100], f"bytes 0-99/{len(DATA)}"),
        ("bytes=3145000-", 206, DATA[3145000:], f"bytes 3145000-{len(DATA) - 1}/{len(DATA)}"),
        ("bytes=-5", 206, DATA[-5:], f"bytes {len(DATA) - 5}-{len(DATA) - 1}/{len(DATA)}"),
        (f"bytes=10-{len(DATA) * 2}", 206, DATA[10:], f"bytes 10-{len(DATA) - 1}/{len(DATA)}"),
        (f"bytes={len(DATA)}-", 416, None, f"bytes */{len(DATA)}"),
        ("bytes=-0", 416, None, f"bytes */{len(DATA)}"),
        ("bytes=0-1,5-6", 200, DATA, None),
        ("bytes=9-3", 200, DATA, None),
        ("bytes=-", 200, DATA, None),
        ("lines=1-2", 200, DATA, None),
    ],
)
def test_ranges_are_those_of_http(
    line: HubLine, given: str, status: int, content: bytes | None, shown: str | None
) -> None:
    put(line)
    answer = line.raw("GET", FILE, line.signed(UNIT, "GET", FILE) | {"Range": given})
    assert (answer.status_code, answer.headers.get("content-range")) == (status, shown)
    assert answer.headers["etag"] == f'"{ENTRY.sha256}"'
    assert content is None or answer.content == content


def test_the_tag_is_the_digest_and_spares_the_bytes(line: HubLine) -> None:
    put(line)
    tag = f'"{ENTRY.sha256}"'
    same = line.raw("GET", FILE, line.signed(UNIT, "GET", FILE) | {"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    part = line.raw("GET", FILE, line.signed(UNIT, "GET", FILE) | {"If-Range": tag, "Range": "bytes=0-1"})
    assert part.status_code == 206
    whole = line.raw("GET", FILE, line.signed(UNIT, "GET", FILE) | {"If-Range": '"x"', "Range": "bytes=0-1"})
    assert whole.status_code == 200


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Tus-Resumable": "0.2.0"}, 412, "TUS_VERSION"),
        ({"Content-Type": "application/octet-stream"}, 415, "HTTP_TYPE"),
        ({"Upload-Offset": "x"}, 400, "VALUE"),
        ({"Upload-Offset": "7"}, 409, "OFFSET"),
        ({"Upload-Offset": str(len(DATA) - 1)}, 413, "SIZE"),
    ],
)
def test_a_wrong_patch_is_told_what_is_wrong(line: HubLine, change: dict[str, str], status: int, code: str) -> None:
    fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields() | change, DATA[:100])
    refused = line.raw("PATCH", UPLOAD, fields, DATA[:100])
    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert line.exchange.offset(UNIT, ENTRY) == 0


def test_an_upload_is_as_long_as_its_fields_say(line: HubLine) -> None:
    fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields(), DATA[:100])
    refused = line.raw("PATCH", UPLOAD, fields, iter([DATA[:100]]))  # chunked
    assert (refused.status_code, refused.json()["code"]) == (411, "HTTP_LENGTH")


@pytest.mark.parametrize(
    ("length", "metadata", "status"),
    [
        (str(ENTRY.size), "sha256 !!", 400),
        (str(ENTRY.size), "sha256 YWJj,sm3 YWJj", 400),
        (str(ENTRY.size), "", 400),
        ("", "", 400),
        (str(5 << 30), "sha256 YWJj", 413),
    ],
)
def test_a_wrong_creation_is_refused(line: HubLine, length: str, metadata: str, status: int) -> None:
    given = TUS | {"Upload-Length": length, "Upload-Metadata": metadata}
    refused = line.raw("POST", "/v1/files", line.signed(UNIT, "POST", "/v1/files", given))
    assert refused.status_code == status


def test_uploads_at_once_are_bounded_per_unit(tmp_path: Path) -> None:
    with hub_line(tmp_path, uploads_at_once=1) as line:
        go_on, second = threading.Event(), entry_of(b"another")

        def slowly() -> Iterator[bytes]:
            yield DATA[:1_500_000]
            go_on.wait(10)
            yield DATA[1_500_000:]

        fields = line.signed(UNIT, "PATCH", UPLOAD, patch_fields(), DATA) | {"Content-Length": str(len(DATA))}
        asking = threading.Thread(target=line.raw, args=("PATCH", UPLOAD, fields, slowly()))
        asking.start()
        until(lambda: line.files.received(UNIT, ENTRY.sha256))
        with pytest.raises(TransportError) as refused:
            line.remote.upload(UNIT, second, 0, b"another")
        assert refused.value.code == "RATE"
        assert line.remote.upload(OTHER, second, 0, b"another") == 7
        go_on.set()
        asking.join()
        assert line.exchange.offset(UNIT, ENTRY) == ENTRY.size
        assert line.remote.upload(UNIT, second, 0, b"another") == 7


def test_a_units_bytes_of_a_day_are_bounded(tmp_path: Path) -> None:
    with hub_line(tmp_path, upload_bytes_per_day=1000) as line:
        small = entry_of(DATA[:800])
        line.remote.upload(UNIT, small, 0, DATA[:800])
        next_day = start_of(line.clock.now().astimezone(COUNTY_TIME).date() + timedelta(days=1))
        other = entry_of(DATA[:201])
        asks: list[Callable[[], int]] = [
            lambda: line.remote.offset(UNIT, other),  # at its creation, before a byte is sent
            lambda: line.remote.upload(UNIT, ENTRY, 0, DATA[:201]),
        ]
        for ask in asks:
            with pytest.raises(AllowanceError) as refused:
                ask()
            assert refused.value.until == next_day
        with pytest.raises(LimitError) as never:
            line.remote.offset(UNIT, ENTRY)
        assert never.value.code == "SIZE"
        line.remote.upload(OTHER, small, 0, DATA[:800])
        line.clock.jump(line.clock.now().replace(hour=23, minute=59) - line.clock.now())
        line.clock.jump(line.clock.now().replace(day=3, hour=0) - line.clock.now())
        line.remote.upload(UNIT, ENTRY, 0, DATA[:201])


def test_a_file_larger_than_any_may_be_is_refused_before_a_byte_is_sent(line: HubLine) -> None:
    huge = f"/v1/uploads/{ENTRY.sha256}.{5 << 30}.{ENTRY.sm3}"
    with pytest.raises(LimitError):
        line.client.ask("PATCH", huge, unit=UNIT, headers=patch_fields(), body=b"x")


def test_a_revoked_key_opens_nothing_from_that_moment_on(line: HubLine) -> None:
    put(line)
    claim(line, OTHER, ENTRY.sha256)
    assert line.remote.download(OTHER, ENTRY.sha256, 0, 1) == DATA[:1]
    fingerprint = line.county.signers[OTHER].fingerprint
    line.administrator.change(lambda now: revoke_key(now, OTHER, fingerprint, line.clock.now(), "lost"))
    with pytest.raises(NotAuthorisedError) as refused:
        line.remote.download(OTHER, ENTRY.sha256, 0, 1)
    assert refused.value.code == "CERT_REVOKED"


def test_the_log_tells_of_every_request_and_names_no_file(line: HubLine) -> None:
    put(line)
    line.remote.download(UNIT, ENTRY.sha256, 0, 10)
    until(lambda: line.answered(None))
    (told,) = line.answered(None)
    assert (told["method"], told["route"], told["status"], told["unit"]) == ("GET", "/v1/files/{sha256}", 206, UNIT)
    assert ENTRY.sha256 not in str(line.log.lines)
