"""The whole exchange in one process, under a network and machines that do everything wrong, from a seed.

Real services and real stores; the broker, the clock, the ids, chance, the office systems and the disk of files are
fakes. `python -m tests.simulation --help` says how to run it.

    crash.py      where a process may die, and the store that watches its own transactions
    county.py     who takes part
    office.py     an office system that takes a document twice without effect
    world.py      hub and nodes, and their processes
    workload.py   what people do
    attack.py     what an attacker does
    trace.py      what the history of the broker and the stores must show
    run.py        one seed: faults, healing, two restarts, the audit
    crashes.py    one small story, killed once at every point
"""
