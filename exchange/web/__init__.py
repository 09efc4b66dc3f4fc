"""HTTP: for now what machines ask of a running process.

    health.py   /metrics, /livez, /readyz
    serve.py    an application on a socket, in a thread of its own

Not here: what makes a process ready (`workers`), the metrics themselves (`exchange.telemetry`).
"""
