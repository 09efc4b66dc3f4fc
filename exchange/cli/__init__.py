"""The command `yidi`: one file per command group. Chinese first, English by `--lang en`; `--json`
wherever something is listed.

    application  the tree of commands, and `run`: arguments -> exit code
    language     which of two texts a person reads
    failure      what went wrong, in one line, and the exit code
    output       tables, JSON, times and states as people read them
    opened       options that all commands share, and the opened data directory
    naming       what a person typed -> a unit, a document

Not here: any rule of the exchange. A command reads arguments, calls a service and prints. Heavy rooms are
imported inside the commands, so that `yidi --help` and shell completion answer at once.
"""

from exchange.cli.application import main, run

__all__ = ["main", "run"]
