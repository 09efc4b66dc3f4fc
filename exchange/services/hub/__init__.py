"""What a hub does, one use case a file; `hub` is what all of them work with.

Not here: anything of a node (`exchange.services.node`): the two share ports, bytes and rules, and no code of their own.
"""
