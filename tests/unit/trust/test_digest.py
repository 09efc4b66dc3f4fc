"""Both digests, of files larger than memory should hold."""

import io

from exchange.trust.digest import measure, sha256_hex

ABC_SM3 = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905 A.1
ABC_SHA256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2 B.1


class Endless(io.RawIOBase):
    """`size` zero bytes; remembers the largest piece asked for."""

    def __init__(self, size: int) -> None:
        self.left, self.largest = size, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


def test_the_published_vectors_come_out() -> None:
    digests = measure(io.BytesIO(b"abc"))
    assert (digests.size, digests.sha256, digests.sm3) == (3, ABC_SHA256, ABC_SM3)
    assert sha256_hex(b"abc") == ABC_SHA256


def test_an_empty_file_has_digests() -> None:
    digests = measure(io.BytesIO())
    assert digests.size == 0
    assert digests.sha256 == sha256_hex(b"")
    assert digests.sm3 == "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"


def test_a_large_file_is_read_in_small_pieces() -> None:
    stream = Endless(5_000_000)
    digests = measure(stream)  # type: ignore[arg-type]  # only read() is asked for
    assert digests.size == 5_000_000
    assert digests.sha256 == sha256_hex(bytes(5_000_000))
    assert 0 < stream.largest <= 1024 * 1024
