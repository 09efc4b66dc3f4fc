"""The tree of commands, and `run`: arguments -> exit code (0 done, 1 refused or failed, 2 wrong use)."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextvars import copy_context
from typing import Annotated, Any

import typer
from typer.main import get_command

from exchange.cli import archive, bench, check_config, conformance, demo, doctor, hub, ledger, node, up, worker
from exchange.cli.documents import decide, envelope, evidence, inbox, send, sender, track
from exchange.cli.failure import exit_code
from exchange.cli.hub import groups, quarantine, units
from exchange.cli.language import both, choose, pick, use
from exchange.cli.watch import top, trace

__all__ = ["main", "run"]

_LANGUAGES = ("zh", "en")

_HELP = both(
    "驿递：单位之间签名公文的交换。\n\n"
    "第一次使用：yidi hub init，yidi hub units import 单位.csv，yidi node enroll --all，yidi up",
    "Yidi: signed official documents between units.\n\n"
    "First use: yidi hub init, yidi hub units import UNITS.csv, yidi node enroll --all, yidi up",
)


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run one command; returns its exit code. Prints every failure as one line on stderr.

    The language asked for ends with the command: who runs two in one process gets each in its own.
    """
    return copy_context().run(_run, arguments, environment)


def main() -> None:
    # A terminal that cannot show a character must not end a command half-way.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    sys.exit(run(sys.argv[1:], os.environ))


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    kept, language = choose(arguments, environment)
    use(language)
    command = get_command(_application())
    for part in _tree(command):
        _localise(part)

    def execute() -> object:
        if unreadable := next((one for one in arguments if not _is_text(one)), None):
            raise typer.BadParameter(f"not UTF-8: {unreadable!r}")
        if len(kept) < len(arguments) and language not in _LANGUAGES:
            raise typer.BadParameter(f"--lang: zh | en, {language!r}")
        return command.main(kept, prog_name="yidi", standalone_mode=False)

    return exit_code(execute)


def _is_text(argument: str) -> bool:
    """Bytes that are none come as halves of characters, which nothing can store or print."""
    return not any("\ud800" <= sign <= "\udfff" for sign in argument)


def _application() -> typer.Typer:
    application = typer.Typer(
        help=_HELP,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    application.callback()(_root)
    of_hub = hub.group()
    of_hub.add_typer(units.group(), name="units")
    of_hub.add_typer(groups.group(), name="groups")
    of_hub.add_typer(quarantine.group(), name="quarantine")
    up.register(application)
    worker.register(application)
    application.add_typer(of_hub, name="hub")
    application.add_typer(node.group(), name="node")
    for room in (send, inbox, decide, sender, track, trace, top):
        room.register(application)
    application.add_typer(evidence.group(), name="evidence")
    application.add_typer(archive.group(), name="archive")
    application.add_typer(ledger.group(), name="ledger")
    application.add_typer(envelope.group(), name="envelope")
    doctor.register(application)
    check_config.register(application)
    conformance.register(application)
    demo.register(application)
    application.add_typer(bench.group(), name="bench")
    return application


def _show_version(wanted: bool) -> None:  # typer calls it so
    if wanted:
        from importlib.metadata import version

        print(f"yidi {version('yidi')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_show_version, help=both("显示版本并退出", "show the version and stop")
        ),
    ] = False,
    lang: Annotated[
        str,
        typer.Option("--lang", metavar="zh|en", help=both("界面语言，也可用 YIDI_LANG", "language, also YIDI_LANG")),
    ] = "zh",
) -> None:
    """Both are dealt with before a command runs (`choose`, `_show_version`); here they stand for the help."""
    del version, lang


def _tree(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from _tree(child)


def _localise(command: Any) -> None:
    """Pick the language of every text that the help shows."""
    for part in (command, *command.params):
        for field in ("help", "short_help", "epilog"):
            if isinstance(text := getattr(part, field, None), str):
                setattr(part, field, pick(text))
