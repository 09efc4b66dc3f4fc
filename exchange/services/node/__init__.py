"""What a node does, one use case a file; `node` is what all of them work with.

Not here: anything of the hub (`exchange.services.hub`): the two share ports, bytes and rules, and no code of their own.
"""
