"""What services need from the outside world, as protocols; each has at least two implementations, of which a fake
may be one.

    time.py        clock, ids, chance
    transport.py   messages, publisher, consumer
    files.py       blobs by digest, and the hub's blobs as a node sees them
    records.py     the rows that both kinds of store keep
    hub.py         the hub's store, in one transaction at a time
    node.py        a node's store, likewise
    directory.py   newer directories
    text.py        the text inside files
    office.py      office systems (adapters)
    keys.py        signing
    telemetry.py   metrics and alarms

Protocols and values only: no logic, no I/O.
"""
