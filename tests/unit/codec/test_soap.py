"""SOAP messages: read within limits, whoever wrote them; written so that others read them."""

import base64
from datetime import UTC, datetime

import pytest
from lxml import etree

from exchange.codec.soap import (
    ENVELOPE,
    LARGEST,
    NAMESPACE,
    FaultCode,
    Kind,
    Part,
    Record,
    Verb,
    read_call,
    write_answer,
    write_fault,
)
from exchange.errors import LimitError, XmlError, YidiError

FILE = Record(name="File", parts=(Part(name="name", kind=Kind.TEXT), Part(name="content", kind=Kind.BYTES)))
SEND = Verb(
    name="send",
    words="发文",
    asked=Record(
        name="Send",
        parts=(
            Part(name="title", kind=Kind.TEXT),
            Part(name="sign_within_hours", kind=Kind.NUMBER, required=False),
            Part(name="files", kind=FILE, many=True),
        ),
    ),
    answer=Record(
        name="Sent",
        parts=(
            Part(name="error_flag", kind=Kind.NUMBER),
            Part(name="at", kind=Kind.MOMENT),
            Part(name="again", kind=Kind.FLAG),
            Part(name="files", kind=FILE, many=True),
        ),
    ),
)
VERBS = {"send": SEND}


def message(body: str, header: str = "", namespace: str = ENVELOPE) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{namespace}" xmlns:y="{NAMESPACE}">{header}<e:Body>{body}</e:Body></e:Envelope>'.encode()
    )


def refusal(data: bytes) -> YidiError:
    with pytest.raises(YidiError) as caught:
        read_call(data, VERBS)
    return caught.value


def test_a_call_is_read_in_any_order_with_and_without_namespace_and_after_a_byte_order_mark() -> None:
    body = (
        f'<send xmlns="{NAMESPACE}"><files><content>JVBE\n Rg==</content><name>通知.pdf</name></files>'
        '<y:signWithinHours> 24 </y:signWithinHours><title xmlns="">防汛通知</title></send>'
    )
    call = read_call(b"\xef\xbb\xbf" + message(body), VERBS)
    assert call.verb == "send"
    assert call.values == {
        "files": [{"content": b"%PDF", "name": "通知.pdf"}],
        "sign_within_hours": "24",
        "title": "防汛通知",
    }


def test_what_a_program_leaves_empty_or_nil_is_not_there() -> None:
    nil = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"'
    body = f"<y:send><y:title>防汛</y:title><y:signWithinHours/><y:files {nil}/></y:send>"
    assert read_call(message(body), VERBS).values == {"title": "防汛"}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ("<y:send/>", "send/title: missing"),
        ("<y:send><y:title>a</y:title><y:title>b</y:title></y:send>", "send/title: more than one"),
        ("<y:send><y:titel>a</y:titel></y:send>", "send/titel: there is no such element"),
        ("<y:send><y:title><y:b/></y:title></y:send>", "send/title: elements where a value belongs"),
        ('<y:send><y:title href="#1"/></y:send>', "send/title: a reference"),
        (
            "<y:send><y:title>a</y:title><y:files><y:name>a</y:name><y:content>**</y:content></y:files></y:send>",
            "send/files/content: not Base64",
        ),
        ("<y:sing/>", "no verb here"),
        ("<send/>", "no verb here"),
        ("<y:send/><y:send/>", "the Body has 2 elements"),
        ("", "the Body has 0 elements"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_place_is_named(body: str, place: str) -> None:
    error = refusal(message(body))
    assert error.code == "SCHEMA"
    assert place in error.message


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"not XML at all", "XML_MALFORMED"),
        (b"<html/>", "SOAP_VERSION"),
        (message("<y:send/>", namespace="http://www.w3.org/2003/05/soap-envelope"), "SOAP_VERSION"),
        (message("<y:send/>", '<e:Header><y:to e:mustUnderstand="1"/></e:Header>'), "SOAP_HEADER"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]>' + message("<y:send/>"), "XML_DTD_FORBIDDEN"),
        (message("<y:send/>").decode().encode("utf-16"), "XML_ENCODING"),
        (b'<?xml version="1.0" encoding="GB2312"?>' + message("<y:send/>"), "XML_ENCODING"),
        (message("<y:send/>" * 40_001), "XML_LIMIT"),
    ],
)
def test_what_is_no_soap_of_ours_is_refused_by_the_rule_it_breaks(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_a_header_that_need_not_be_understood_is_passed_over() -> None:
    header = '<e:Header><y:to e:mustUnderstand="0"/></e:Header>'
    assert read_call(message("<y:send><y:title>a</y:title></y:send>", header), VERBS).verb == "send"


def test_a_message_is_bounded() -> None:
    assert isinstance(refusal(b" " * (LARGEST + 1)), LimitError)


def test_a_file_of_the_largest_allowed_size_is_read_with_lines_and_all() -> None:
    content = bytes(7_000_000)
    for text in (base64.b64encode(content).decode(), base64.encodebytes(content).decode()):
        body = (
            f"<y:send><y:title>a</y:title><y:files><y:name>a</y:name><y:content>{text}</y:content></y:files></y:send>"
        )
        assert read_call(message(body), VERBS).values["files"] == [{"name": "a", "content": content}]


def test_an_answer_is_written_as_the_schema_has_it() -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    values = {"again": False, "at": at, "error_flag": 0, "files": [{"name": "a<b>\x07&", "content": b"%PDF"}]}
    body = etree.fromstring(write_answer(SEND, values))[0][0]
    assert etree.QName(body) == etree.QName(NAMESPACE, "sendResponse")
    told = [(etree.QName(one).localname, one.text) for one in body.iter() if not len(one)]
    assert told == [
        ("errorFlag", "0"),
        ("at", "2026-03-04T05:06:07+00:00"),
        ("again", "false"),
        ("name", "a<b>\ufffd&"),
        ("content", "JVBERg=="),
    ]


def test_a_fault_names_its_kind_and_our_code() -> None:
    fault = etree.fromstring(write_fault(FaultCode.CLIENT, "没有 <这个>", "SCHEMA"))[0][0]
    assert fault.tag == f"{{{ENVELOPE}}}Fault"
    assert [one.text for one in fault.iter() if not len(one)] == ["soap:Client", "没有 <这个>", "SCHEMA"]


def test_no_error_of_the_parser_leaves_the_room() -> None:
    assert isinstance(refusal(b"<"), XmlError)
