"""The settings of a data directory, read as a start would read them: every problem at once, and nothing started.

Not here: whether what they point to works (`yidi doctor`), how it is shown (`exchange.cli.check_config`).
"""

import difflib
import re
import socket
import stat
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from exchange.cli.failure import fail
from exchange.cli.language import say
from exchange.cli.trouble import trouble
from exchange.errors import AdapterError
from exchange.settings import Fault, Hosting, HubSettings, MachineSettings, NodeSettings, faults_of

__all__ = ["Problem", "problems"]

# What they are made of is the settings' own affair.
_Kind = type[Any]
_FILES: dict[str, _Kind] = {"hub.toml": HubSettings, "node.toml": NodeSettings, "yidi.toml": MachineSettings}
_SECRET = re.compile(r"(passphrase|password|secret|database|management|token|headers|^key|_key).*file$|^key_file$")
# Without them the broker is looked after by hand, files lie on the disk, and codes are made at the first start.
_MAY_BE_MISSING = frozenset({"codes_file", "credentials_file", "management_file"})
# Of the program's own, and of ./run; not settings.
_OTHER_VARIABLES = frozenset({"YIDI_DATA", "YIDI_LANG", "YIDI_PYTHON", "YIDI_SEEDS", "YIDI_CHAOS_SEED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """`where`: file and line, or the variable. `setting`: its name with dots."""

    where: str
    setting: str
    found: str
    cure: str


def problems(data: Path, environment: Mapping[str, str]) -> Iterator[Problem]:
    """Raises CommandError (NO_DATA) where there are no settings at all."""
    path = next((data / name for name in _FILES if (data / name).exists()), None)
    if path is None:
        raise fail(
            "NO_DATA", f"{data} 中没有设置文件：{'、'.join(_FILES)}", f"{data} holds none of {', '.join(_FILES)}"
        )
    kind = _FILES[path.name]
    yield from _variables(kind, environment)
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{path}:{line[1]}" if line else str(path)
        yield Problem(where=where, setting="", found=str(error), cure=say("改正这一行", "mend this line"))
        return
    source = _Source(path, text)
    faults = faults_of(kind, values)
    yield from (_problem(source, fault) for fault in faults)
    if not faults:
        settings = kind(**values)
        yield from _offices(source, settings, data)
        yield from _extras(source, settings)
        yield from _files(source, settings.model_dump(), data)
        yield from _ports(source, settings.model_dump(), data)


class _Source:
    """Where a setting stands in its file."""

    def __init__(self, path: Path, text: str) -> None:
        self._path, self._lines = path, dict(_places(text))

    def where(self, place: tuple[str, ...]) -> str:
        """Its line, or that of what it stands in."""
        for length in range(len(place), 0, -1):
            if (line := self._lines.get(place[:length])) is not None:
                return f"{self._path}:{line}"
        return str(self._path)


def _places(text: str) -> Iterator[tuple[tuple[str, ...], int]]:
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\[?\s*([^\]]+?)\s*\]", line):
            table = _names(header[1])
            yield table, number
        elif named := re.match(r"""\s*((?:[\w.-]|"[^"]*"|'[^']*')+(?:\s*\.\s*[\w-]+)*)\s*=""", line):
            yield (*table, *_names(named[1])), number


def _names(dotted: str) -> tuple[str, ...]:
    found = re.findall(r""""([^"]*)"|'([^']*)'|([^\s."']+)""", dotted)
    return tuple(next(filter(None, one), "") for one in found)


def _problem(source: _Source, fault: Fault, *, within: tuple[str, ...] = ()) -> Problem:
    place = (*within, *fault.place)
    found, cure = fault.rule, say("见 docs/settings.md", "see docs/settings.md")
    if fault.known:
        found, cure = say("没有这项设置", fault.rule), _nearest(place[-1], fault.known)
    return Problem(where=source.where(place), setting=".".join(place), found=found, cure=cure)


def _nearest(name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1, 0.5)
    if near:
        return say(f"是否为 {near[0]}？", f"did you mean {near[0]}?")
    return say(f"可用：{'、'.join(sorted(known))}", f"there are: {', '.join(sorted(known))}")


def _variables(kind: _Kind, environment: Mapping[str, str]) -> Iterator[Problem]:
    """One that names no setting is passed over in silence by the start: a misspelt one would never be missed."""
    known = {f"YIDI_{name}".upper() for name in kind.model_fields}
    for name in sorted(environment):
        if name.startswith("YIDI_") and name not in _OTHER_VARIABLES and name.partition("__")[0] not in known:
            yield Problem(
                where=name,
                setting="",
                found=say("没有这样的设置，不起作用", "names no setting and does nothing"),
                cure=_nearest(name.partition("__")[0], tuple(known)),
            )


def _offices(source: _Source, settings: object, data: Path) -> Iterator[Problem]:
    """Each table as its adapter reads it."""
    from exchange.adapters.registry import find_adapter

    if not isinstance(settings, Hosting):
        return
    used = {settings.office, *settings.office_of.values()} - {"none"}
    for name in sorted(used | settings.offices.keys()):
        within, table = ("offices", name), settings.offices.get(name, {})
        try:
            kind = find_adapter(str(table.get("adapter", name)))
        except AdapterError as error:
            place = within if table else ("office",)
            names = say("改 adapter，或在 offices 中加一个表", "change `adapter`, or add a table to `offices`")
            yield Problem(where=source.where(place), setting=".".join(place), found=error.message, cure=names)
            continue
        values = {key: value for key, value in table.items() if key != "adapter"}
        faults = faults_of(kind.Settings, values)
        yield from (_problem(source, fault, within=within) for fault in faults)
        if not faults:
            yield from _files(source, kind.Settings(**values).model_dump(), data, within)
        if name not in used:
            found = say("没有单位用这个办公系统", "no unit has this office")
            cure = say("在 office 或 office_of 中写上它", "name it in `office` or `office_of`")
            yield Problem(where=source.where(within), setting=".".join(within), found=found, cure=cure)


def _extras(source: _Source, settings: HubSettings | NodeSettings | MachineSettings) -> Iterator[Problem]:
    """What is only needed where it is used, and not installed."""
    if settings.traces.endpoint:
        yield from _extra(source, ("traces", "endpoint"), "exchange.telemetry.otlp", "OpenTelemetry", "otel")
    if not isinstance(settings, NodeSettings) and settings.files.store:
        yield from _extra(source, ("files", "store"), "exchange.files.s3", "obstore", "s3")


def _extra(source: _Source, place: tuple[str, ...], module: str, name: str, extra: str) -> Iterator[Problem]:
    try:
        import_module(module)
    except ImportError:
        found = say(f"缺少组件 {name}", f"{name} is not installed")
        cure = f"pip install 'yidi[{extra}]'"
        yield Problem(where=source.where(place), setting=".".join(place), found=found, cure=cure)


def _files(source: _Source, values: Mapping[str, Any], data: Path, within: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Files that settings name: there, readable, and a secret one its owner's alone."""
    for name, value in values.items():
        place = (*within, name)
        if isinstance(value, Mapping) and name != "offices":
            yield from _files(source, value, data, place)
        elif name == "credentials_file" and not values.get("store"):
            continue  # of a bucket that nobody uses
        elif name == "password_file" and "" in (values.get("user"), values.get("login_name")):
            continue  # of nobody who logs in
        elif name.endswith("_file") and isinstance(value, str) and value:
            yield from _file(source.where(place), place, data / value)


def _file(where: str, place: tuple[str, ...], path: Path) -> Iterator[Problem]:
    setting = ".".join(place)
    if not path.is_file():
        if place[-1] not in _MAY_BE_MISSING:
            found = say(f"没有文件 {path}", f"there is no file {path}")
            cure = say("放好该文件，或改这项设置", "put it there, or change the setting")
            yield Problem(where=where, setting=setting, found=found, cure=cure)
    elif _SECRET.search(place[-1]) and stat.S_IMODE(path.stat().st_mode) & 0o077:
        found = say(f"他人可读 {path}", f"others may read {path}")
        yield Problem(where=where, setting=setting, found=found, cure=f"chmod 600 {path}")


def _ports(source: _Source, values: Mapping[str, Any], data: Path) -> Iterator[Problem]:
    """A port that somebody else has. What runs over this data directory has its own."""
    if any(path.exists() for path in (data / "web.url", data / "run")):
        return
    for name in ("http", "web", "api"):
        table = values.get(name) or {}
        host, port = table.get("host"), table.get("port")
        if not host or not port:
            continue
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            socket.create_server((host, port), family=family).close()
        except OSError as error:
            found = say(
                f"不能监听 {host}:{port}：{trouble(error)}", f"cannot listen on {host}:{port}: {trouble(error)}"
            )
            cure = say("换一个端口，或停下占用它的程序", "another port, or stop whoever has it")
            yield Problem(where=source.where((name, "port")), setting=f"{name}.port", found=found, cure=cure)
