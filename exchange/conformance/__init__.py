"""The conformance kit: what an office's makers run to see whether their side holds what the exchange relies on.

    county     a hub and two nodes in memory: the office's unit, and a peer that the kit plays
    bench      what the makers supply: how the kit sees into their test office and acts as its people
    outward    what an adapter sends out or writes, seen from outside: where it may die, and be cut off
    calling    an office that calls the node: one play at a node of the kit's own; gate: what stands before it
    stage      one play: the adapter under the real services of a node, and a bench
    case       a case: its id, what is expected and why; how it failed
    receiving, sending, receipts, deciding, recalls, breaking, calls    the cases of an adapter
    benches    of the adapters that ship, over simulated offices
    trial      the cases one after another; report: what came of them, as JSON and as a page

Not here: the command (`exchange.cli.conformance`), what an adapter must do (`exchange.ports.office`).
"""
