"""Questions to services of others by SOAP, and what they answer."""

import pytest
from lxml import etree

from exchange.codec.soap import read_call
from exchange.codec.soap_question import Argument, Block, Said, read_reply, write_question
from exchange.errors import LimitError, XmlError

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def answer(inner: str, head: str = "") -> str:
    return f'{head}<s:Envelope xmlns:s="{ENVELOPE}"><s:Body>{inner}</s:Body></s:Envelope>'


def test_a_question_is_soap_whose_arguments_have_no_namespace() -> None:
    files: list[Argument] = [{"name": "甲.pdf", "data": b"\x00"}, {"name": "<乙>"}]
    arguments: dict[str, Argument] = {"arg0": {"files": files, "type": 2, "bell": "a\x07"}}
    header = Block(namespace="urn:h", name="Who", parts={"user": "yidi"})
    data = write_question("urn:v", "add", arguments, header)
    verb = read_reply(data.decode())
    argument = verb.part("arg0")
    assert (verb.name, argument is not None) == ("add", True)
    assert [one.name for one in argument.parts] == ["files", "files", "type", "bell"] if argument else False
    found = [verb.part("arg0", "files", "name"), verb.part("arg0", "files", "data"), verb.part("arg0", "bell")]
    assert [one and one.text for one in found] == ["甲.pdf", "AA==", "a\ufffd"]
    assert b'<h:Who xmlns:h="urn:h"><h:user>yidi</h:user></h:Who>' in data
    with pytest.raises(XmlError, match="no verb here"):  # an Envelope that our own reader takes for one
        read_call(write_question("urn:v", "add", {}), {})


@pytest.mark.parametrize("head", ["", '\ufeff<?xml version="1.0" encoding="GBK"?>\n'])
def test_an_answer_is_read_past_comments_and_sections(head: str) -> None:
    said = read_reply(answer("<n:r xmlns:n='urn:v'><return>一<!-- 二 --><![CDATA[<三>]]></return></n:r>", head))
    assert said == Said(name="r", text="", parts=(Said(name="return", text="一<三>"),))
    assert said.part("return", "none") is None


def test_a_name_may_bring_its_namespace_which_holds_within() -> None:
    arguments: dict[str, Argument] = {"{urn:v}in0": {"{urn:b}title": "甲", "{urn:b}base": {"id": 1}}, "{urn:v}in1": 66}
    root = etree.fromstring(write_question("urn:v", "add", arguments))
    verb = root[0][0]
    assert [element.tag for element in verb.iter()] == [
        "{urn:v}add", "{urn:v}in0", "{urn:b}title", "{urn:b}base", "{urn:b}id", "{urn:v}in1"
    ]  # fmt: skip


def test_a_fault_tells_what_was_said() -> None:
    with pytest.raises(XmlError) as caught:
        read_reply(answer("<s:Fault><faultstring>没有权限</faultstring></s:Fault>"))
    assert (caught.value.code, caught.value.detail) == ("SOAP_FAULT", "没有权限")


@pytest.mark.parametrize("text", ["", "<html>", "<html/>", answer(""), answer("<a/><b/>"), "\ud800"])
def test_what_is_no_answer_is_no_answer(text: str) -> None:
    with pytest.raises(XmlError):
        read_reply(text)


def test_an_answer_that_would_fetch_or_swell_is_refused() -> None:
    with pytest.raises(XmlError) as caught:
        read_reply('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + answer("<r>&a;</r>"))
    assert caught.value.code == "XML_DTD_FORBIDDEN"
    with pytest.raises(LimitError):
        read_reply(answer("<a>" * 40 + "</a>" * 40))
