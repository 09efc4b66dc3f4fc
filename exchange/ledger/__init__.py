"""The ledger's mathematics and formats: what makes a later rewrite provable. Pure values and functions,
standard library only.

    entry       one line of the ledger, its canonical bytes, and the proof of its place
    merkle      RFC 6962 tree: append, root, inclusion and consistency proofs, and their verification
    excerpt     many leaves of such a tree, proved together
    note        signed text in the C2SP signed-note format; the cryptography is passed in
    checkpoint  the text of such a note that states a tree's size and root (C2SP tlog-checkpoint)
    proofs      what a package proves about the ledger, and that nothing was left out
    package     the evidence package: what must be in it, how it is written and read back
    manifest    the package's list of members, and their names
    archive     a month's signed bytes, their entries and proofs, as one file
    container   the stored-only zip that carries either, read with suspicion

How they hold together: an entry's bytes are a leaf, leaves make a root, a checkpoint states the root, a note
signs the checkpoint, and a package carries all of it to somebody who has no access to the exchange.

Not here: the tables of entries and nodes (`exchange.storage`), keys and signatures (`exchange.trust`), and
the use cases that seal, export and judge (`exchange.services`).
"""
