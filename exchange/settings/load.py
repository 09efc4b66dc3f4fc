"""Reads files and tables of settings, and says what is wrong with them."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from exchange.errors import InputError
from exchange.settings.base import File
from exchange.settings.hub import HubSettings
from exchange.settings.machine import MachineSettings
from exchange.settings.node import NodeSettings
from exchange.settings.office import AdapterSettings

__all__ = ["Fault", "faults_of", "load_hub", "load_machine", "load_node", "read_table"]


_Read = TypeVar("_Read", bound=File)


def load_machine(path: Path) -> MachineSettings:
    """Read `path` (TOML) and the environment. Raises InputError naming the file, the setting and the rule."""
    return _load(MachineSettings, path, "yidi hub init")


def load_hub(path: Path) -> HubSettings:
    """As `load_machine`."""
    return _load(HubSettings, path, "yidi hub init --database URL --broker URL")


def load_node(path: Path) -> NodeSettings:
    """As `load_machine`."""
    return _load(NodeSettings, path, "yidi node init")


# Settings -> the command that runs what they are of.
_RUN_BY = {"yidi.toml": "yidi up", "hub.toml": "yidi hub run", "node.toml": "yidi node run"}


def _load(kind: type[_Read], path: Path, maker: str) -> _Read:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
        return kind(**values)
    except FileNotFoundError as error:
        if other := next((one for one in _RUN_BY if (path.parent / one).is_file()), None):
            raise InputError(f"{path.parent / other}: `{_RUN_BY[other]}` runs it", code="NOT_HERE") from error
        raise InputError(f"{path} is missing: run `{maker} --data {path.parent}` first", code="NO_DATA") from error
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", code="SETTINGS") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a TOML file: {error}", code="SETTINGS") from error
    except SettingsError as error:
        raise InputError(f"{path} or a YIDI_ variable: {error}", code="SETTINGS") from error
    except ValidationError as error:
        raise InputError(f"{path}: {_faults(error)}", code="SETTINGS") from error


class Fault(NamedTuple):
    """What is wrong with one setting. `known`: the names that there are, where its own is none of them."""

    place: tuple[str, ...]
    rule: str
    known: tuple[str, ...] = ()


def faults_of(kind: type[BaseModel], values: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong with these values, the environment's included where `kind` looks there; nothing is made."""
    try:
        kind(**values)
    except ValidationError as error:
        return [_fault(kind, one) for one in error.errors()]
    except SettingsError as error:
        return [Fault((), str(error))]
    return []


def _fault(kind: type[BaseModel], found: Mapping[str, Any]) -> Fault:
    place, rule = _place_and_rule(found)
    if found["type"] != "extra_forbidden":
        return Fault(place, rule)
    for name in place[:-1]:
        kind = cast("type[BaseModel]", kind.model_fields[name].annotation)
    return Fault(place, "there is no such setting", tuple(kind.model_fields))


_Table = TypeVar("_Table", bound=AdapterSettings)


def read_table(kind: type[_Table], table: Mapping[str, object], where: str) -> _Table:
    """One table of settings. Raises InputError naming `where`, the setting and the rule."""
    try:
        return kind.model_validate(dict(table))
    except ValidationError as error:
        raise InputError(f"{where}: {_faults(error)}", code="SETTINGS") from error


def _faults(error: ValidationError) -> str:
    found = map(_place_and_rule, error.errors())
    return "; ".join(f"{'.'.join(place)}: {rule}" if place else rule for place, rule in found)


def _place_and_rule(found: Mapping[str, Any]) -> tuple[tuple[str, ...], str]:
    """What does not fit together is found by the whole file, and says by itself which setting it is about."""
    place, rule = tuple(map(str, found["loc"])), str(found["msg"]).removeprefix("Value error, ")
    dotted, colon, rest = rule.partition(": ")
    if not place and colon and " " not in dotted:
        return tuple(dotted.split(".")), rest
    return place, rule
