"""A whole county on private servers, for trials, demonstrations, measurements and tests: the real programs, put
together and taken apart by one process.

    servers.py   RabbitMQ and PostgreSQL from Debian's packages, on free loopback ports
    cluster.py   several RabbitMQ nodes as one
    proxy.py     a bad line between any two of them
    process.py   one program of ours as a process
    county.py    a hub with its workers, and nodes, each a process of its own

Nothing here is used by a real exchange, and nothing is a fake: those are in `exchange.testing`.
"""
