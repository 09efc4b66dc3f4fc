"""The promises, checked from the stores alone.

    promises   all of them
    hub, node  one hub's documents, deliveries and receipts; one node held against them
    ledger     the tree and the directory only ever grow
    report     what is checked, and what was found

Not here: any cure.
"""
