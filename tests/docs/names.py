"""The names that the code knows: codes, settings, tables, commands."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from typer.main import get_command

from exchange.cli import application
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.receipt import Reason
from exchange.services.audit.report import Check
from exchange.services.secrecy.rules import Rule
from exchange.settings import HubSettings, MachineSettings, NodeSettings
from exchange.storage import tables_hub, tables_node
from tests.docs.pages import ROOT

__all__ = ["commands", "error_codes", "settings", "tables", "words"]


_STORAGE = re.compile(r"(?:STORAGE_[A-Z_]+)|BROKER_[A-Z]+")


def error_codes() -> frozenset[str]:
    """Every code that an error of ours can carry."""
    return frozenset(code for path in sorted((ROOT / "exchange").rglob("*.py")) for code in _codes(_parsed(path)))


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _codes(tree: ast.Module) -> Iterator[str]:
    """`code="..."` of a call, `code = "..."` of a class, the first argument of the command line's `fail`, and the
    own of the storage room and of the broker's management."""
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="code", value=ast.Constant(value=str(code))):
                yield code
            case ast.ClassDef(body=body):
                for line in body:
                    match line:
                        case ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=str(code))):
                            yield code
                        case ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=str(code))):
                            yield code
            case ast.Constant(value=str(code)) if _STORAGE.fullmatch(code):
                yield code
            case ast.Call(func=ast.Name(id="fail"), args=[ast.Constant(value=str(code)), *_]):
                yield code


def words() -> frozenset[str]:
    """Names in capitals that are no error codes: events, states, reasons, checks, rules of the secrecy gate."""
    kinds: tuple[Any, ...] = (Event, TransportState, BusinessState, Reason, Check, Rule)
    return frozenset(member.name for kind in kinds for member in kind)


def settings() -> frozenset[str]:
    files = (MachineSettings, HubSettings, NodeSettings)
    return frozenset(name for file in files for name in _settings("", file))


def _settings(prefix: str, model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield prefix + name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _settings(f"{prefix}{name}.", field.annotation)


def tables() -> dict[str, frozenset[str]]:
    """The tables of the hub and of a node."""
    return {"hub": frozenset(tables_hub.metadata.tables), "node": frozenset(tables_node.metadata.tables)}


def commands() -> dict[str, Any]:
    """`hub units import` -> the command. Groups are left out, but for one that is a command, too."""
    return dict(_commands("", get_command(application._application())))  # noqa: SLF001 - its only maker


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None or (path and command.invoke_without_command):
        yield path.strip(), command
    for name, child in (children or {}).items():
        yield from _commands(f"{path} {name}", child)
