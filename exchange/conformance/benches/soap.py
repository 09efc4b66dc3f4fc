"""An office whose program can only call a web service, as docs/adapters/soap.md has it: every question is one of the
WSDL's verbs, and nothing ever calls it.

Not here: the office itself (`caller`), a program that speaks REST (`rest`).
"""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from exchange.conformance.bench import CalledNode, Program
from exchange.conformance.benches.caller import CallerBench, CallerOffice, Paper
from exchange.errors import AdapterError

__all__ = ["SoapBench", "SoapProgram"]

_SECONDS: Final = 60.0
_SPACE: Final = "urn:yidi:soap:1"
_ENVELOPE: Final = (
    '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">'
    '<soap:Body><{verb} xmlns="{space}">{said}</{verb}></soap:Body></soap:Envelope>'
)
_LAST: Final = frozenset({"FEEDBACK", "REJECTED", "RECALLED"})
_NEWEST: Final = 5
_LATER: Final = ("KEY_BUSY", "LOCKED", "RATE")
_CAMEL: Final = {
    "document_type": "documentType",
    "issuer_identification": "issuerIdentification",
    "issuer_signatures": "issuerSignatures",
    "issued_date": "issuedDate",
}


class SoapBench(CallerBench):
    def program(self, node: CalledNode) -> Program:
        return SoapProgram(self.office, node)


class SoapProgram(Program):
    def __init__(self, office: CallerOffice, node: CalledNode) -> None:
        self.office = office
        self._host = urlsplit(node.url).netloc
        self._fields = {"Authorization": f"Basic {b64encode(f'oa:{node.token}'.encode()).decode()}"}

    def check(self) -> Sequence[str]:
        answer = self.call("listUnits", {})
        return [_word(answer, "errMsg")] if _word(answer, "errorFlag") != "0" else []

    def look(self) -> None:
        for sheet in self.office.waiting("sent"):
            self.send(sheet)
        for one in self.done("fetch", {"state": "new"}).iterfind("{*}items"):
            self.take(_word(one, "sender"), _word(one, "id"), _word(one, "title"))
        for deed in self.office.waiting("deeds"):
            self.act(deed)
        self.ask_what_became()

    def send(self, sheet: Paper) -> None:
        said = sheet.said
        files = [
            {"name": name, "content": b64encode(path.read_bytes()).decode("ascii")}
            for name, path in sheet.files.items()
        ]
        document = {
            "to": {"to": said["to"]},
            "metadata": {_CAMEL.get(name, name): value for name, value in sheet.metadata.items()},
            "files": files,
            "operator": said["operator"],
            "declaredBy": said["operator"],
            "reference": self.reference(sheet),
        }
        self.answer(sheet, "send", document, ("已发送", "未发送"))

    def reference(self, paper: Paper) -> str:
        return paper.id

    def take(self, sender: str, id_: str, title: str) -> None:
        number = self.office.number_of(sender, id_) or self.store(sender, id_, title)
        answer = self.call("ack", {"id": id_, "reference": f"in-{id_}", "externalId": number})
        if _word(answer, "errCode") not in ("", "STATE"):  # STATE: its sender has it back
            _refuse(answer)

    def store(self, sender: str, id_: str, title: str) -> str:
        folder, files = self.office.coming(sender, id_), list(self.done("fetch", {"id": id_}).iterfind("{*}files"))
        for place, file in enumerate(files):
            self._save(file, folder / str(place))
        return self.office.file(folder, sender, id_, title, [_word(file, "name") for file in files])

    def _save(self, file: ET.Element, target: Path) -> None:
        """What is too large for a message is fetched from its address."""
        content = file.find("{*}content")
        data = (
            b64decode(content.text or "")
            if content is not None
            else self._ask("GET", urlsplit(_word(file, "link")).path)
        )
        if len(data) != int(_word(file, "size")):
            raise AdapterError(f"a file came short: {len(data)} bytes")
        target.write_bytes(data)

    def act(self, deed: Paper) -> None:
        said = deed.said
        verb = {"签收": "sign", "反馈": "feedback"}.get(said["decision"], "reject")
        wish = {"id": said["id"], "reference": self.reference(deed), "person": said["person"]}
        if verb != "sign":
            wish["text"] = said["text"] or "无"
        self.answer(deed, verb, wish, ("已办理", "未办理"))

    def answer(self, paper: Paper, verb: str, wish: dict[str, Any], words: tuple[str, str]) -> None:
        """What came of it is written at the paper, unless another time may go well."""
        answer = self.call(verb, wish)
        code = _word(answer, "errCode")
        if code in _LATER:
            _refuse(answer)
        submitted = answer.find("{*}submitted")
        told = _word(submitted, "id") if submitted is not None else ""
        paper.answer(f"{words[1]} {code} {_word(answer, 'errMsg')}" if code else f"{words[0]} {told}".strip())

    def ask_what_became(self) -> None:
        """Of the newest that were sent and received, until it is over: nothing tells this program."""
        for sheet in self.office.papers("sent")[-_NEWEST:]:
            if sheet.said["answer"].startswith("已发送"):
                self.show(sheet.said["answer"].split()[1], "queryStatus", {"reference": self.reference(sheet)})
        for id_ in self.office.newest(_NEWEST):
            self.show(id_, "fetch", {"id": id_, "withFiles": "false"})

    def show(self, id_: str, verb: str, wish: dict[str, Any]) -> None:
        if not _LAST.isdisjoint(self.office.events_of(id_)):
            return
        document = self.done(verb, wish).find("{*}document")
        assert document is not None
        subject = f"{_word(document, 'sender')}/{_word(document, 'id')}"
        receipts = document.iterfind("{*}receipts")
        self.office.show(subject, {_word(one, "id"): _word(one, "event") for one in receipts})

    # the web service

    def done(self, verb: str, wish: dict[str, Any]) -> ET.Element:
        """Raises AdapterError."""
        answer = self.call(verb, wish)
        return answer if _word(answer, "errorFlag") == "0" else _refuse(answer)

    def call(self, verb: str, wish: dict[str, Any]) -> ET.Element:
        """The answer's wrapper. Raises AdapterError, OSError."""
        body = _ENVELOPE.format(verb=verb, space=_SPACE, said="".join(_elements(wish))).encode()
        answer = self._ask("POST", "/api/v1/soap", body)
        try:
            said = ET.fromstring(answer)[0][0]  # noqa: S314  # from the kit's own node
        except (ET.ParseError, IndexError) as error:
            raise AdapterError(f"{verb}: no answer of a web service", detail=str(error)) from error
        return _of_fault(said) if said.tag.endswith("}Fault") else said

    def _ask(self, method: str, path: str, body: bytes | None = None) -> bytes:
        line = HTTPConnection(self._host, timeout=_SECONDS)
        try:
            line.request(method, path, body, {**self._fields, "Content-Type": "text/xml; charset=utf-8"})
            answer = line.getresponse()
            data = answer.read()
        except HTTPException as error:
            raise AdapterError(f"{path}: the line was cut", detail=repr(error)) from error
        finally:
            line.close()
        if answer.status not in (200, 500):  # 500: a Fault
            raise AdapterError(f"{path}: HTTP {answer.status}")
        return data


def _elements(wish: dict[str, Any]) -> Iterator[str]:
    """A list is its element several times."""
    for name, value in wish.items():
        for one in value if isinstance(value, list) else [value]:
            yield f"<{name}>{''.join(_elements(one)) if isinstance(one, dict) else escape(str(one))}</{name}>"


def _of_fault(fault: ET.Element) -> ET.Element:
    """The caller's fault as an answer that says so. Raises AdapterError for the node's: another time it may go well."""
    code, words = fault.findtext(".//{*}errCode") or "FAULT", fault.findtext("faultstring") or ""
    if not (fault.findtext("faultcode") or "").endswith("Client"):
        raise AdapterError(f"{code} {words}")
    answer = ET.Element("fault")
    for name, value in (("errorFlag", "1"), ("errCode", code), ("errMsg", words)):
        ET.SubElement(answer, name).text = value
    return answer


def _word(element: ET.Element, name: str) -> str:
    return element.findtext(f"{{*}}{name}") or ""


def _refuse(answer: ET.Element) -> ET.Element:
    raise AdapterError(f"{_word(answer, 'errCode')} {_word(answer, 'errMsg')}")
