"""Carry packages: documents and receipts on a disk, where there is no line.

    package    the file
    contents   what it holds, for people
    hub, node  what either does with it

Not here: judging what comes out (`hub.route`, `hub.acknowledge`, `node.receive`): as if it had come by the line.
"""
