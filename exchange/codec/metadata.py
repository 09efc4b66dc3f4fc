"""Metadata element <-> `exchange.model.document.Metadata`: the 18 elements in the standard's order."""

from exchange.codec.canonical import element, optional
from exchange.codec.reader import Fields
from exchange.model.document import DocumentType, EmergencyDegree, Metadata

__all__ = ["read_metadata", "write_metadata"]


def write_metadata(metadata: Metadata) -> str:
    printing_date = metadata.printing_date
    return "".join(
        (
            "<Metadata>",
            element("DocumentIdentifier", metadata.document_identifier),
            element("DocumentType", metadata.document_type.value),
            optional("SerialNumberOfCopies", metadata.serial_number_of_copies),
            optional("SecurityClass", metadata.security_class),
            optional("SecrecyPeriod", metadata.secrecy_period),
            optional("EmergencyDegree", metadata.emergency_degree),
            _repeated("IssuerIdentification", metadata.issuer_identification),
            optional("IssuedNumber", metadata.issued_number),
            _repeated("Signer", metadata.signers),
            element("Title", metadata.title),
            _repeated("MainReceivers", metadata.main_receivers),
            _repeated("AttachmentNotes", metadata.attachment_notes),
            _repeated("IssuerSignatures", metadata.issuer_signatures),
            element("IssuedDate", metadata.issued_date.isoformat()),
            optional("Annotation", metadata.annotation),
            _repeated("CopyReceivers", metadata.copy_receivers),
            optional("PrintingDepartment", metadata.printing_department),
            optional("PrintingDate", None if printing_date is None else printing_date.isoformat()),
            optional("ReleaseLevel", metadata.release_level),
            "</Metadata>",
        )
    )


def _repeated(name: str, values: tuple[str, ...]) -> str:
    return "".join([element(name, value) for value in values])


def read_metadata(fields: Fields) -> Metadata:
    degree = fields.optional("EmergencyDegree")
    return Metadata(
        document_identifier=fields.text("DocumentIdentifier"),
        document_type=DocumentType(fields.text("DocumentType")),
        title=fields.text("Title"),
        issuer_identification=fields.texts("IssuerIdentification"),
        issuer_signatures=fields.texts("IssuerSignatures"),
        issued_date=fields.day("IssuedDate"),
        serial_number_of_copies=fields.optional("SerialNumberOfCopies"),
        security_class=fields.optional("SecurityClass"),
        secrecy_period=fields.optional("SecrecyPeriod"),
        emergency_degree=None if degree is None else EmergencyDegree(degree),
        issued_number=fields.optional("IssuedNumber"),
        signers=fields.texts("Signer"),
        main_receivers=fields.texts("MainReceivers"),
        attachment_notes=fields.texts("AttachmentNotes"),
        annotation=fields.optional("Annotation"),
        copy_receivers=fields.texts("CopyReceivers"),
        printing_department=fields.optional("PrintingDepartment"),
        printing_date=fields.optional_day("PrintingDate"),
        release_level=fields.optional("ReleaseLevel"),
    )
