"""HTTP: what machines ask of a running process, and what nodes ask of the hub.

    health.py     /metrics, /livez, /readyz
    hub_api.py    the hub's face: enrolment, directory, health; puts the rest together
    uploads.py    files in: tus 1.0
    downloads.py  files out: ranges
    signed.py     whose request it is
    guard.py      what holds for every request
    body.py       a body read at once
    limits.py     how much one caller may ask
    problem.py    errors of ours as RFC 9457
    serve.py      an application on a socket, in a thread of its own

Not here: what makes a process ready (`workers`), the metrics themselves (`exchange.telemetry`), the client
(`exchange.remote`).
"""
