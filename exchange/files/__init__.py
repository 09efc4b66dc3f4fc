"""The attachment store: blobs by digest, complete and right or not there at all.

    local.py   a directory on this machine
    hub.py     the hub's store as its units may use it

Not here: what a document says of its files (`exchange.model.envelope`).
"""
