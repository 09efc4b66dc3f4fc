"""Reissue: 补发, the same document to more recipients: its metadata, text and files as they were signed, under an id of
its own, for an envelope's recipients are part of what was signed.

Whoever has it already is left out. Not here: sending the same bytes again, which the node does by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from exchange.codec.read import read_envelope
from exchange.directory.address import expand
from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.ports.node import Box
from exchange.ports.office import Address, Draft, DraftFile
from exchange.services.node.fetch import fetch_files
from exchange.services.node.node import Node
from exchange.services.node.submit import Submitted, Submitter

__all__ = ["Reissue", "Reissuer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reissue:
    """Who answers for it now: the declaration is made anew."""

    to: tuple[Address, ...]
    operator: str
    declared_by: str
    reviewed_by: str | None = None
    reference: str | None = None


class Reissuer:
    def __init__(self, node: Node, submitter: Submitter) -> None:
        self._node, self._submitter = node, submitter

    def reissue(self, key: EnvelopeKey, asked: Reissue) -> Submitted:
        """Raises RefusedError (NOT_FOUND, STATE when all have it already), and what `Submitter.submit` raises."""
        node = self._node
        node.check_hosted(key.sender)
        with node.store.begin() as session:
            record = session.documents(Box.SENT, [(key.sender, key)]).get((key.sender, key))
        if record is None:
            raise RefusedError(f"{key.sender} has sent no document {key.id}", code="NOT_FOUND")
        envelope = read_envelope(record.document)
        fetch_files(node, key.sender, envelope.files)  # what this disk lost or spoilt, the hub has
        draft = Draft(
            sender=key.sender,
            kind=envelope.kind,
            to=self._new(key, asked.to),
            metadata=envelope.metadata,
            content=envelope.content,
            files=tuple(
                DraftFile(
                    role=file.role,
                    name=file.name,
                    media_type=file.media_type,
                    open=partial(node.files.open, file.sha256),
                    pages=file.pages,
                )
                for file in envelope.files
            ),
            operator=asked.operator,
            declared_by=asked.declared_by,
            reviewed_by=asked.reviewed_by,
            reply_required=envelope.reply_required,
            in_reply_to=envelope.in_reply_to,
            supersedes=envelope.supersedes,
            reference=asked.reference,
        )
        return self._submitter.submit(draft)

    def _new(self, key: EnvelopeKey, to: Sequence[Address]) -> tuple[Address, ...]:
        """The units that these addresses reach, without those that the document went to."""
        reached = expand(self._node.verifier().directory, key.sender, to).recipients
        with self._node.store.begin() as session:
            has = {record.key.recipient for record in session.deliveries(key.sender, key)}
        more = [one for one in reached if one.unit not in has]
        if not more:
            raise RefusedError("every unit that the addresses reach has the document already", code="STATE")
        return tuple(Address(to=one.unit, role=one.role, print_quota=one.print_quota, paper=one.paper) for one in more)
