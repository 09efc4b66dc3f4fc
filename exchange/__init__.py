"""Yidi 驿递: the exchange that carries official documents between the units of a county.

The life of an envelope, and the room that each step lives in:

1. A person, a program or an adapter hands a draft to a node            `adapters`, `cli`
2. the node checks it, expands groups, signs, stores it in one commit   `services.submit`
3. the relay uploads the files and publishes the envelope               `services.relay`
4. a router verifies, records, answers ACCEPTED and dispatches          `services.route`
5. the recipient's node verifies again, stores, answers DELIVERED       `services.receive`
6. its adapter hands the document to the office system                  `services.handover`
7. a named person signs for it, rejects it or sends it back             `services.decide`
8. the acknowledger verifies every receipt, records and forwards it     `services.acknowledge`
9. the clock repeats what was lost, reminds and expires                 `services.clock`
10. the sealer puts every record under a signed Merkle checkpoint       `services.seal`

The rooms, each importing only what stands below it:

    cli            commands, one file per group
    workers        (top-level package) one thin loop per module
    web            HTTP: metrics, health
    wiring         builds services from settings; no logic
    transport storage files adapters telemetry services    infrastructure and use cases, blind to each other
    settings       frozen settings, parsed once
    trust          keys, certificates, signatures, policy: the only room with cryptography
    codec          XML bytes <-> model: the only room with lxml
    directory ledger    units, groups, snapshots; Merkle tree, checkpoints, evidence
    ports          what services need from the outside world
    topology       names of exchanges, queues and keys
    model          the domain's values, standard library only
    errors         one tree of errors

The library starts no process and no thread and reads no environment when imported.
"""
