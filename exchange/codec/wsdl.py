"""The verbs of a SOAP service as WSDL 1.1: document/literal wrapped, as WS-I Basic Profile 1.1 has it, which old
and new programs read alike.

Not here: what the verbs are (`exchange.web.node_api.soap.verbs`).
"""

from collections.abc import Iterable

from exchange.codec.canonical import attribute, escape
from exchange.codec.soap import NAMESPACE, Part, Record, Verb

__all__ = ["wsdl_of"]

_HEAD = f"""<?xml version="1.0" encoding="UTF-8"?>
<wsdl:definitions name="Yidi" targetNamespace="{NAMESPACE}" xmlns:tns="{NAMESPACE}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <wsdl:types>
    <xs:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">
"""
_TYPES_END = """    </xs:schema>
  </wsdl:types>
"""
_BINDING = """  <wsdl:binding name="YidiSoap" type="tns:YidiPortType">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
"""


def wsdl_of(verbs: Iterable[Verb], address: str) -> bytes:
    """The whole description, for a service at `address`."""
    known = list(verbs)
    parts = [_HEAD, *_types(known), _TYPES_END]
    for verb in known:
        for name, element in ((f"{verb.name}Request", verb.name), (f"{verb.name}Answer", f"{verb.name}Response")):
            parts.append(
                f'  <wsdl:message name="{name}">\n    <wsdl:part name="parameters" element="tns:{element}"/>\n'
            )
            parts.append("  </wsdl:message>\n")
    parts += ['  <wsdl:portType name="YidiPortType">\n', *map(_operation, known), "  </wsdl:portType>\n"]
    parts += [_BINDING, *map(_bound, known), "  </wsdl:binding>\n", _service(address), "</wsdl:definitions>\n"]
    return "".join(parts).encode()


def _operation(verb: Verb) -> str:
    return f"""    <wsdl:operation name="{verb.name}">
      <wsdl:documentation>{escape(verb.words)}</wsdl:documentation>
      <wsdl:input message="tns:{verb.name}Request"/>
      <wsdl:output message="tns:{verb.name}Answer"/>
    </wsdl:operation>
"""


def _bound(verb: Verb) -> str:
    return f"""    <wsdl:operation name="{verb.name}">
      <soap:operation soapAction="{NAMESPACE}#{verb.name}" style="document"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input>
      <wsdl:output><soap:body use="literal"/></wsdl:output>
    </wsdl:operation>
"""


def _service(address: str) -> str:
    return f"""  <wsdl:service name="Yidi">
    <wsdl:port name="YidiSoap" binding="tns:YidiSoap">
      <soap:address location="{attribute(address)}"/>
    </wsdl:port>
  </wsdl:service>
"""


def _types(verbs: Iterable[Verb]) -> Iterable[str]:
    records: dict[str, Record] = {}
    for verb in verbs:
        for name, record in ((verb.name, verb.asked), (f"{verb.name}Response", verb.answer)):
            yield f'      <xs:element name="{name}">\n        <xs:complexType>\n'
            yield from _sequence(record, " " * 10)
            yield "        </xs:complexType>\n      </xs:element>\n"
            _collect(record, records)
    for name, record in sorted(records.items()):
        yield f'      <xs:complexType name="{name}">\n'
        yield from _sequence(record, " " * 8)
        yield "      </xs:complexType>\n"


def _collect(record: Record, found: dict[str, Record]) -> None:
    for part in record.parts:
        if isinstance(part.kind, Record):
            assert found.setdefault(part.kind.name, part.kind) == part.kind, f"two records {part.kind.name}"
            _collect(part.kind, found)


def _sequence(record: Record, indent: str) -> Iterable[str]:
    yield f"{indent}<xs:sequence>\n"
    yield from (_element(part, f"{indent}  ") for part in record.parts)
    yield f"{indent}</xs:sequence>\n"


def _element(part: Part, indent: str) -> str:
    kind = f"tns:{part.kind.name}" if isinstance(part.kind, Record) else f"xs:{part.kind.value}"
    least = "" if part.required and not part.many else ' minOccurs="0"'
    most = ' maxOccurs="unbounded"' if part.many else ""
    start = f'{indent}<xs:element name="{part.wire}" type="{kind}"{least}{most}'
    if not part.words:
        return f"{start}/>\n"
    words = f"<xs:annotation><xs:documentation>{escape(part.words)}</xs:documentation></xs:annotation>"
    return f"{start}>{words}</xs:element>\n"
