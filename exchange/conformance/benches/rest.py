"""An office whose program calls the node's REST interface and is told by webhooks, as docs/adapters/rest.md has it.

Not here: the office itself (`caller`), a program that can only call a web service (`soap`).
"""

import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from exchange.client import NodeClient, NodeError, WebhookRefusedError, read_webhook
from exchange.conformance.bench import CalledNode, Program, Site
from exchange.conformance.benches.caller import CallerBench, CallerOffice, Paper
from exchange.trial.servers import free_port

__all__ = ["RestBench", "RestProgram"]

_LARGEST: Final = 1 << 20
_REFUSED: Final = (400, 409, 413, 422)  # what asking again does not change
_LATER: Final = ("KEY_BUSY", "LOCKED")
_SCOPES: Final = {"read", "submit", "receive", "sign", "webhooks"}


class RestBench(CallerBench):
    def __init__(self, site: Site) -> None:
        super().__init__(site)
        self._port = free_port()

    def told_at(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def program(self, node: CalledNode) -> Program:
        return RestProgram(self.office, node, self._port)


class RestProgram(Program):
    """What is cut is left for the next look: here nothing is asked twice at once."""

    def __init__(self, office: CallerOffice, node: CalledNode, port: int) -> None:
        self.office, self._now = office, node.now
        self.node = NodeClient(node.url, node.token, tries=1)
        self._url, self._secret_file = f"http://127.0.0.1:{port}/yidi", office.home / "webhook"
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _receiver(self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.node.close()

    def check(self) -> Sequence[str]:
        missing = _SCOPES - set(self.node.me()["scopes"])
        return [f"令牌没有权限 the token lacks: {' '.join(sorted(missing))}"] if missing else []

    def look(self) -> None:
        if not self._secret_file.exists():  # the same key: the same webhook, and its secret once more
            made = self.node.register_webhook(self._url, key="webhook")
            draft = self._secret_file.with_suffix(".draft")
            draft.write_text(made["secret"], encoding="utf-8")
            draft.rename(self._secret_file)
        for sheet in self.office.waiting("sent"):
            self.send(sheet)
        for one in self.node.inbox("new"):
            self.take(one["sender"], one["id"], one["title"])
        for deed in self.office.waiting("deeds"):
            self.act(deed)

    def send(self, sheet: Paper) -> None:
        """The files first, then the document that names them by their digests."""
        said = sheet.said
        try:
            files = [{"name": name, "sha256": self.node.upload(path)} for name, path in sheet.files.items()]
            document = {
                "to": [{"to": said["to"]}],
                "metadata": sheet.metadata,
                "files": files,
                "operator": said["operator"],
                "declared_by": said["operator"],
                "reference": self.reference(sheet),
            }
            sheet.answer(f"已发送 {self.node.submit(document, key=self.reference(sheet))['id']}")
        except NodeError as error:
            self.give_up(sheet, "未发送", error)

    def reference(self, paper: Paper) -> str:
        return paper.id

    def take(self, sender: str, id_: str, title: str) -> None:
        """Stored, then confirmed; what is there is only confirmed."""
        try:
            self.node.lock(id_)
            number = self.known(sender, id_) or self.store(sender, id_, title)
            self.node.confirm(id_, number, key=f"in-{id_}")
        except NodeError as error:
            if error.code != "STATE":  # its sender has it back
                raise

    def known(self, sender: str, id_: str) -> str:
        return self.office.number_of(sender, id_)

    def store(self, sender: str, id_: str, title: str) -> str:
        folder, files = self.office.coming(sender, id_), self.node.received(id_)["files"]
        for place, file in enumerate(files):
            self.node.fetch(id_, file["sha256"], folder / str(place))
        return self.office.file(folder, sender, id_, title, [file["name"] for file in files])

    def act(self, deed: Paper) -> None:
        said, key = deed.said, self.reference(deed)
        person, text = said["person"], said["text"] or "无"
        try:
            match said["decision"]:
                case "签收":
                    self.node.sign(said["id"], person, key=key)
                case "反馈":
                    self.node.feedback(said["id"], person, text, key=key)
                case "拒收":
                    self.node.reject(said["id"], person, text, key=key)
                case _:
                    self.node.send_back(said["id"], person, text, key=key)
            deed.answer("已办理")
        except NodeError as error:
            self.give_up(deed, "未办理", error)

    def give_up(self, paper: Paper, what: str, error: NodeError) -> None:
        """Raises NodeError when it may go well another time."""
        if error.status not in _REFUSED or error.code in _LATER:
            raise error
        paper.answer(f"{what} {error.code} {error.detail}")

    def told(self, headers: Any, body: bytes) -> int:
        """By a webhook; returns the status."""
        try:
            secret = self._secret_file.read_text(encoding="utf-8")
            event = read_webhook([secret], headers, body, now=self._now())
        except FileNotFoundError:
            return 503  # being registered
        except WebhookRefusedError:
            return 400
        self.note(event)
        return 204

    def note(self, event: Any) -> None:
        self.office.show(event["subject"], {event["id"]: event["data"]["event"]})


def _receiver(program: RestProgram) -> type[BaseHTTPRequestHandler]:
    class Receiver(BaseHTTPRequestHandler):
        timeout = 15

        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", "0"))
            status = program.told(dict(self.headers), self.rfile.read(size)) if size <= _LARGEST else 413
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library names it
            pass

    return Receiver
