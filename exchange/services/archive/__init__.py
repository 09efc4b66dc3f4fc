"""Old months as files.

    month    what is settled goes into a file, and then from the store
    write    the file, filled part by part
    verify   the file, judged off line
    shelf    where this hub keeps them, and the bytes in them

Not here: the file's form (`exchange.ledger.archive`).
"""
