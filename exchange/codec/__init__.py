"""XML bytes <-> model: the only room that knows XML.

    kind.py       the four documents: namespaces, sizes, limits
    guard.py      bytes -> tree, for bytes from anybody: encoding, DTD, limits, profile
    schema.py     the XSDs, found and compiled on first use
    shape.py      the one signature shape we accept, checked before any cryptography
    signed.py     wire document <-> body, SignedInfo, signature value
    canonical.py  writing exclusive C14N 1.0 directly
    reader.py     tree -> fields, for the decoders
    envelope.py, metadata.py, receipt.py, directory.py, carry.py, extension.py   body <-> model
    read.py       signed bytes -> value, for bytes verified before
    soap.py, wsdl.py   SOAP messages of unit's programs, and the service's description
    soap_question.py   SOAP messages to services of others
    explain.py    every schema fault of a document, for a person

Not here: keys, digests compared, signatures verified (`exchange.trust`). No lxml object or exception leaves this room.
"""
