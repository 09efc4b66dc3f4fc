"""Which trace is a document's: derived from its envelope, as the log names it, so that nobody has to be told."""

from exchange.trust.digest import sha256_hex

__all__ = ["root_id", "trace_id"]


def trace_id(envelope: str) -> str:
    """32 hexadecimal digits. `envelope`: sender/id."""
    return sha256_hex(f"yidi/trace/{envelope}".encode())[:32]


def root_id(envelope: str) -> str:
    """16 hexadecimal digits: of the span that the others hang from."""
    return sha256_hex(f"yidi/span/{envelope}".encode())[:16]
