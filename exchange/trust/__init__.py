"""Keys, certificates, signatures: the only room with cryptography.

    digest.py       SHA-256 and SM3 of files, streaming
    algorithms.py   the signature algorithms we know, and which key each belongs to
    keys.py         keys and the software signer
    certificates.py what a certificate says: its key, its dates, what it may be used for
    keystore.py     encrypted keys on disk, one file each
    authority.py    certificate requests, a small authority for counties that have none
    sign.py         a value -> signed bytes
    verify.py       signed bytes -> VerifiedEnvelope, VerifiedReceipt: the only makers of either
    anchor.py       what a node knows beforehand, and whether a directory may replace the one it holds
    http.py         HTTP requests signed by a unit -> SignedRequest, whose only maker it is
    webhook.py      who sent a webhook
    nonces.py       what must not be seen twice
    ledgerkey.py    the Ed25519 key that signs checkpoints

Whom to trust is data: the signed directory says which key is whose. Not here: XML (`exchange.codec`), whether
an author may say what it says (`exchange.services`).
"""
