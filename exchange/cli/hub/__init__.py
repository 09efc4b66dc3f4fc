"""`yidi hub`: making an exchange, and all that its operators do: a module for each command or two.

Not here: what runs (`exchange.cli.worker`, `exchange.cli.up`).
"""

from exchange.cli.hub.command import group

__all__ = ["group"]
