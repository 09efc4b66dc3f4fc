"""The processes: one module each, a thin loop of take, serve, acknowledge. They talk only through queues and stores.

    runner.py        runs workers until told to stop; pauses on trouble
    router.py        envelopes from units
    acknowledger.py  receipts from units
    clock.py         what is late: dispatches, forwards, reminders, expiries
    sealer.py        the ledger's checkpoints
    watch.py         the wall clock, which somebody may set back
    node.py          a node: outbox, inboxes, office systems
    garbage.py       how such a process collects garbage

A worker is a list of steps; a step does one bounded piece of work and says how much it did. `yidi worker NAME` runs
one in a process of its own, `yidi up` all of them in one.
"""
