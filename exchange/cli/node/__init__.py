"""`yidi node`: the units of a machine, and the programs and office systems that are connected to it."""

from exchange.cli.node.command import group

__all__ = ["group"]
