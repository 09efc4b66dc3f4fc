"""The command `yidi`. Chinese first, English by `--lang en`; `--json` wherever something is listed.

    application  the tree of commands, and `run`: arguments -> exit code
    documents    what people do with documents: send, read, decide, take back, follow, prove, carry
    hub          making an exchange, and all that its operators do
    node         units of a machine, and the programs and office systems that are connected to it
    doctor       what is wrong, where, and what to type against it
    watch        what is going on: `yidi top`, `yidi trace`
    bench, demo  measuring and showing, on the example county
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
