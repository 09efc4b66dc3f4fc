"""What a person typed -> a unit, a document. Codes, names and beginnings of ids will do if they mean one."""

from collections.abc import Sequence
from difflib import get_close_matches

from exchange.cli.failure import fail
from exchange.directory.snapshot import Directory
from exchange.model.envelope import EnvelopeKey
from exchange.model.unit import UnitCode
from exchange.ports.hub import HubSession
from exchange.ports.node import Box, NodeSession

__all__ = ["find_unit", "hub_document", "received_document", "sent_document", "unit_name"]


def find_unit(directory: Directory, text: str) -> UnitCode:
    """A unit by code or full name."""
    if (code := UnitCode(text)) in directory.by_code:
        return code
    named = [entry.unit.code for entry in directory.units if entry.unit.name == text]
    if len(named) == 1:
        return named[0]
    if named:
        raise fail(
            "UNIT", f"“{text}”有多个单位：{'、'.join(named)}，请用代码", f"{text!r} names several: {', '.join(named)}"
        )
    near = "、".join(get_close_matches(text, [entry.unit.name for entry in directory.units], n=3, cutoff=0.4))
    hint = (f"，是否为 {near}？", f"; did you mean {near}?") if near else ("", "")
    raise fail("UNIT", f"目录中没有单位“{text}”{hint[0]}", f"no unit {text!r} in the directory{hint[1]}")


def unit_name(directory: Directory, code: UnitCode | str | None) -> str:
    entry = directory.by_code.get(UnitCode(code or ""))
    return entry.unit.name if entry else str(code or "")


def received_document(session: NodeSession, unit: UnitCode | None, text: str) -> tuple[UnitCode, EnvelopeKey]:
    """One document in one inbox of this node."""
    return _one(session.find(unit, Box.INBOX, text), text, unit)


def sent_document(session: NodeSession, unit: UnitCode | None, text: str) -> EnvelopeKey:
    """One document that a unit of this node sent."""
    return _one(session.find(unit, Box.SENT, text), text, unit)[1]


def hub_document(session: HubSession, text: str) -> EnvelopeKey:
    """One document that the hub holds."""
    found = session.find(text)
    if not found:
        raise fail(
            "NOT_FOUND",
            f"交换中心没有编号以 {text} 开头的公文；被拒收的见 yidi hub audit",
            f"the hub has no document whose id begins with {text}; for what was refused see yidi hub audit",
        )
    if len(found) > 1:
        ids = ", ".join(f"{key.sender}/{key.id}" for key in found[:5])
        raise fail("AMBIGUOUS", f"{text} 对应多件公文，请多输几位：{ids}", f"{text} means several documents: {ids}")
    return found[0]


def _one(
    found: Sequence[tuple[UnitCode, EnvelopeKey]], text: str, unit: UnitCode | None
) -> tuple[UnitCode, EnvelopeKey]:
    where = f" {unit}" if unit else ""
    if not found:
        raise fail(
            "NOT_FOUND", f"没有编号以 {text} 开头的公文{where}", f"no document whose id begins with {text}{where}"
        )
    if len({key for _, key in found}) > 1:
        ids = ", ".join(key.id for _, key in found[:5])
        raise fail("AMBIGUOUS", f"{text} 对应多件公文，请多输几位：{ids}", f"{text} means several documents: {ids}")
    if len(found) > 1:
        units = ", ".join(sorted(unit for unit, _ in found)[:8])
        raise fail(
            "AMBIGUOUS",
            f"多个单位收到此件，请用 --unit 指明：{units}",
            f"several units hold it, name one by --unit: {units}",
        )
    return found[0]
