"""What the exchange does in O2OA's processes.

What we start begins at a node whose handler is our user: files are put there, and only then is it passed on. So one
that was begun and never finished, whatever cut us off, waits among our to-dos and nowhere else: it is gone on with, and
nobody ever sees a second one. What others fill in comes to a node of ours, too.

Limits: a process of ours is looked for by its title, which its form must not change.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Final

from exchange.adapters.forms.desk import OfficeFile, Paper, Row
from exchange.adapters.forms.processes import Processes
from exchange.adapters.o2oa.client import O2oaClient
from exchange.adapters.o2oa.design import Design, fields_of
from exchange.errors import AdapterError

__all__ = ["Node", "O2oaProcesses"]

_TITLE_BYTES: Final = 252  # the office cuts longer ones
_NAMED: Final = re.compile(r"(.+)@[^@]*@[A-Z]+")  # 张三@9d10d320@P, a person; also units, identities, groups


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Our node in a process. `activity`: its name, empty for the first. `route`: onwards, empty for the only one.
    `back`: to whoever had it before. `key`: the field by which one that we start is known. `body`, `attachments`: boxes
    for files, or empty."""

    process: str
    activity: str = ""
    route: str = ""
    back: str = ""
    key: str = ""
    body: str = ""
    attachments: str = ""

    @property
    def label(self) -> str:
        return f"{self.process}·{self.activity}" if self.activity else self.process

    def is_at(self, task: Mapping[str, Any]) -> bool:
        """Whether the to-do is at this node, or for the first one of this process."""
        return self.process in (task.get("processAlias"), task.get("processName"), task.get("process")) and (
            not self.activity or self.activity in (task.get("activityName"), task.get("activityAlias"))
        )


class O2oaProcesses(Processes):
    """`nodes` by their labels, which stand for processes here. `identity`: under which we start, or empty."""

    def __init__(self, client: O2oaClient, nodes: Collection[Node], identity: str) -> None:
        self._client, self._identity = client, identity
        self._nodes = {node.label: node for node in nodes}
        self._sound: set[str] = set()

    def log_in(self) -> None:
        self._client.log_in()

    def fields(self, process: str) -> Collection[str]:
        node = self._nodes[process]
        design = self._design(node)
        place = design.node(node.activity) if node.activity else design.first()
        if node.back:
            design.check_route(place, node.back)
        design.check_route(place, node.route, besides=node.back)
        if not node.activity and not self._client.identities(node.process):
            raise AdapterError(f"O2OA：我方用户不能发起流程“{node.process}” our user may not start it")
        return fields_of(self._client.form(design.form(place)))

    def start(self, process: str, title: str, fields: Mapping[str, str], papers: Sequence[Paper]) -> str:
        node, title = self._nodes[process], _fitting(title)
        task = self._begun(node, title, fields) or self._begin(node, title, fields)
        self._put(node, str(task["work"]), papers)
        if (there := self._client.to_do(str(task["id"]))) is not None:
            self._client.pass_on(str(task["id"]), _route(node, there), "")
        return str(task["job"])

    def mine(self, process: str, title: str, since: date) -> Iterator[tuple[str, Mapping[str, str]]]:
        node, title = self._nodes[process], _fitting(title)
        for one in self._client.passed_on(_longest_word(title)):
            if node.is_at(one) and _is_titled(one, title) and str(one.get("startTime"))[:10] >= since.isoformat():
                yield str(one["job"]), {node.key: "", **_texts(self._client.data(one))}

    def waiting(self, process: str) -> Iterator[Row]:
        node = self._nodes[process]
        for task in self._client.to_dos():
            if node.is_at(task):
                files = partial(self._files, node, str(task["work"]))
                yield Row(id=str(task["id"]), fields=partial(self._filled, task), files=files)

    def pass_on(self, to_do: str, fields: Mapping[str, str], said: str) -> None:
        if (task := self._client.to_do(to_do)) is None:
            return  # it has gone on
        if fields:
            data = {**self._client.data(task), **fields}
            if not data.get("title") and not data.get("subject"):
                data["title"] = task.get("title")  # the office takes the process's title from the form
            self._client.write(str(task["work"]), data)
        self._client.pass_on(to_do, _route(self._node_of(task), task), said)

    def give_back(self, to_do: str, said: str) -> None:
        if (task := self._client.to_do(to_do)) is not None:
            self._client.pass_on(to_do, self._node_of(task).back, said)

    def download(self, file: OfficeFile) -> BinaryIO:
        id_, _, work = file.id.partition("@")
        return self._client.download(id_, work)

    def close(self) -> None:
        self._client.close()

    def _begun(self, node: Node, title: str, fields: Mapping[str, str]) -> dict[str, Any] | None:
        """One that we began and did not finish."""
        for task in self._client.to_dos():
            is_new = node.is_at(task) and self._later(task) is None and _is_titled(task, title)
            if is_new and _texts(self._client.data(task)).get(node.key) == fields[node.key]:
                return task
        return None

    def _begin(self, node: Node, title: str, fields: Mapping[str, str]) -> dict[str, Any]:
        """A new one, waiting for us at its first node."""
        if node.process not in self._sound:  # one that ended at once could not be found again
            self._design(node).first()
            self._sound.add(node.process)
        for place in self._client.create(node.process, title, self._identity, {"title": title, **fields}):
            number = int(place.get("currentTaskIndex", -1))
            if number >= 0:
                return dict(place["taskList"][number])
        raise AdapterError(f"O2OA：流程“{node.process}”的第一个环节不由我方用户办理 its first node is not our user's")

    def _put(self, node: Node, work: str, papers: Sequence[Paper]) -> None:
        """The files that are not there yet."""
        there = {(one.get("name"), one.get("length")) for one in self._client.attachments(work)} if papers else set()
        for paper in papers:
            if (paper.name, paper.size) not in there:
                box = node.body if paper.body and node.body else node.attachments
                with paper.open() as file:
                    self._client.upload(work, box, paper.name, paper.media_type, file)

    def _filled(self, task: Mapping[str, Any]) -> dict[str, str]:
        return _texts(self._client.data(task))

    def _files(self, node: Node, work: str) -> list[OfficeFile]:
        """The body first."""
        held = sorted(self._client.attachments(work), key=lambda one: one.get("site") != node.body)
        return [OfficeFile(id=f"{one['id']}@{work}", name=str(one["name"])) for one in held]

    def _design(self, node: Node) -> Design:
        return Design(node.process, self._client.process(node.process))

    def _node_of(self, task: Mapping[str, Any]) -> Node:
        if (node := self._later(task)) is None:
            raise AdapterError(f"O2OA：待办在别的环节 the to-do is at another node: {task.get('activityName')}")
        return node

    def _later(self, task: Mapping[str, Any]) -> Node | None:
        """The node of ours, but a first one, that it is at."""
        return next((node for node in self._nodes.values() if node.activity and node.is_at(task)), None)


def _route(node: Node, task: Mapping[str, Any]) -> str:
    """Onwards."""
    names = [str(name) for name in task.get("routeNameList") or () if name != node.back]
    if node.route or len(names) == 1:
        return node.route or names[0]
    raise AdapterError(f"O2OA：环节“{task.get('activityName')}”请设 route set one of its routes: {'、'.join(names)}")


def _fitting(title: str) -> str:
    return title.strip().encode()[:_TITLE_BYTES].decode(errors="ignore")


def _is_titled(task: Mapping[str, Any], title: str) -> bool:
    """The form may hold the whole of one that was cut."""
    return str(task.get("title")).startswith(title)


def _longest_word(title: str) -> str:
    """By which the office finds it: signs mean something to it, each version something else."""
    return max(re.findall(r"[^\W_]+", title), key=len, default="")


def _texts(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in data.items() if not name.startswith("$")}


def _text(value: Any) -> str:
    """What people see: of a person or a unit its name, of several all of them."""
    if isinstance(value, list):
        return "；".join(filter(None, map(_text, value)))
    if isinstance(value, dict):
        return _text(value.get("name") or value.get("distinguishedName"))
    if isinstance(value, bool) or value is None:
        return "是" if value else ""
    text = str(value)
    named = _NAMED.fullmatch(text)
    return named[1] if named else text
