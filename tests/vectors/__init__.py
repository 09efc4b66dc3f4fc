"""One signed document per wrongness, named for it, with the code it must be refused with.

    table.py      what a vector is
    base.py       the valid document that each starts from, and how to sign what no codec would write
    xml.py        wrong before any signature: encoding, DTD, limits, profile
    signature.py  the wrong shape: wrapping, references, transforms, algorithms, KeyInfo
    content.py    well signed, and wrong in what it says; or right, and changed since
    authorship.py of the right shape, and not its author's
    make.py       writes those of the first three to a folder, for other implementations

Keys follow from a seed, so the same vectors come out every time.
"""
