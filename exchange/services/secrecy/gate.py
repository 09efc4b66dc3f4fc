"""The secrecy gate as sender and hub both apply it: inspect, then let pass, hold for a person, or refuse.

If the gate cannot look, nothing passes: an error on the way to a verdict is an error, and the document stays where it
is. What counts as a
mark is decided in `exchange.services.secrecy.rules`.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

from exchange.errors import RefusedError, StorageError
from exchange.model.document import Metadata
from exchange.model.envelope import Envelope, FileEntry
from exchange.ports.text import TextSource
from exchange.services.secrecy.rules import Decision, Verdict, inspect

__all__ = ["apply_verdict", "check_secrecy", "inspect_parts"]


def check_secrecy(envelope: Envelope, open_file: Callable[[FileEntry], BinaryIO], texts: TextSource) -> Verdict:
    """Raises RefusedError: SECRECY, or SECRECY_HOLD when a person must look and the declaration names nobody who
    did."""
    parts = [(file.name, file.media_type, partial(open_file, file)) for file in envelope.files]
    verdict = inspect_parts(envelope.metadata, envelope.content, parts, texts)
    return apply_verdict(verdict, envelope.declaration.reviewed_by)


def inspect_parts(
    metadata: Metadata,
    content: str | None,
    files: Sequence[tuple[str, str, Callable[[], BinaryIO]]],
    texts: TextSource,
) -> Verdict:
    """Look at everything there is to look at. `files`: (name, media type, opener)."""
    try:
        read = [texts.lines(name, media_type, opener) for name, media_type, opener in files]
    except OSError as error:
        raise StorageError("a file could not be read, so it was not checked for marks", detail=str(error)) from error
    return inspect(metadata, content, [name for name, _, _ in files], read)


def apply_verdict(verdict: Verdict, reviewed_by: str | None) -> Verdict:
    places = "；".join(f"{finding.chinese} {finding.rule}" for finding in verdict.reasons)
    if verdict.decision is Decision.REFUSE:
        raise RefusedError(f"涉密内容不得在此传输 classified material never travels here: {places}", code="SECRECY")
    if verdict.decision is Decision.HOLD and reviewed_by is None:
        raise RefusedError(
            f"须经专人复核并具名 a person must look first and be named as reviewer: {places}",
            code="SECRECY_HOLD",
        )
    return verdict
