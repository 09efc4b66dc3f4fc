"""A process and its form as they were designed: nodes, routes, fields. Read to check the settings, and before the first
start.

Not here: asking for them (`client`).
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from exchange.errors import AdapterError

__all__ = ["Design", "fields_of"]

_NO_FIELDS: Final = ("Actionbar", "Button", "Div", "Html", "Image", "Label", "Log", "Subform", "Tab", "Table", "Tree")


class Design:
    """`found`: a process with its nodes and routes. Every method raises AdapterError that says what is not there."""

    def __init__(self, process: str, found: Mapping[str, Any]) -> None:
        self._process, self._begin = process, found.get("begin") or {}
        self._nodes = {one["id"]: one for one in found.get("manualList") or ()}
        self._routes = {one["id"]: one for one in found.get("routeList") or ()}

    def first(self) -> dict[str, Any]:
        """The node that a process comes to as it is started."""
        route = self._routes.get(self._begin.get("route")) or {}
        node: dict[str, Any] | None = self._nodes.get(route.get("activity"))
        if node is None:
            raise self._lacks("开始之后不是人工环节 no node for people right after its beginning")
        return node

    def node(self, name: str) -> dict[str, Any]:
        """By its name or alias."""
        for one in self._nodes.values():
            if name in (one.get("name"), one.get("alias")):
                return dict(one)
        raise self._lacks(f"没有环节“{name}” has no such node, but: {self._names(self._nodes.values())}")

    def check_route(self, node: Mapping[str, Any], name: str, besides: str = "") -> None:
        """`name`: empty for its only one `besides`."""
        there = [self._routes[id_] for id_ in node.get("routeList") or () if id_ in self._routes]
        if name and name not in [one.get("name") for one in there]:
            raise self._lacks(f"环节“{node.get('name')}”没有路由“{name}” has no such route, but: {self._names(there)}")
        onwards = [one for one in there if one.get("name") != besides]
        if not name and len(onwards) != 1:
            raise self._lacks(f"环节“{node.get('name')}”请设 route set one of its routes: {self._names(onwards)}")

    def form(self, node: Mapping[str, Any]) -> str:
        """The id of the form at a node."""
        id_ = node.get("form") or self._begin.get("form")
        if not id_:
            raise self._lacks(f"环节“{node.get('name')}”没有表单 has no form")
        return str(id_)

    def _lacks(self, what: str) -> AdapterError:
        return AdapterError(f"O2OA：流程“{self._process}”{what}")

    @staticmethod
    def _names(found: Any) -> str:
        return "、".join(str(one.get("name")) for one in found) or "无 none"


def fields_of(form: Mapping[str, Any]) -> set[str]:
    """Names of the fields of a form, and of the forms within it. Raises AdapterError."""
    forms = [form.get("form") or {}, *(form.get("relatedFormMap") or {}).values()]
    return {name for one in forms for name in _fields(str(one.get("data") or ""))}


def _fields(text: str) -> Iterator[str]:
    """The design is JSON, most often written as a JSON text once more."""
    for written in (f'"{text}"', json.dumps(text)):
        try:
            design = json.loads(json.loads(written, strict=False), strict=False)
            modules = design["json"]["moduleList"]
        except (ValueError, KeyError, TypeError):
            continue
        yield from (name for name, one in modules.items() if not str(one.get("type")).startswith(_NO_FIELDS))
        return
    raise AdapterError("O2OA：表单的设计读不懂 the design of a form cannot be read", detail=text[:100])
