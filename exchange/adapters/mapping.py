"""Field mapping: which of our elements stands in which field of an office system, and how its values are written there.

    [offices.seeyon.receive.fields]
    标题 = "公文标题"
    紧急程度 = { field = "缓急", values = { 特急 = "1", 加急 = "2" }, otherwise = "0" }

Always site-specific, so always configuration. Elements go by their English or Chinese names: those of the standard, and
those of the exchange that a manifest has. Not here: where an office's fields are (its adapter knows).
"""

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Final, TypeVar

from pydantic import AfterValidator, Field, model_validator

from exchange.adapters.json_fields import refuse
from exchange.adapters.manifest import ELEMENTS, MANY, TOP
from exchange.ports.office import Misfit
from exchange.settings import AdapterSettings

__all__ = ["ExchangeFields", "FieldRule", "FixedElements", "OfficeFields", "check_fields", "to_manifest", "to_office"]

# What a received document has besides the standard's elements.
_RECEIVED: Final = {
    "id": "交换编号",
    "sender": "来文单位代码",
    "sender_name": "来文单位",
    "role": "主送抄送",
    "kind": "业务类型",
    "created": "发送时间",
    "sign_by": "签收期限",
    "handle_by": "办理期限",
    "content": "内容",
    "operator": "经办人",
    "print_quota": "打印份数",
}
_STANDARD: Final = dict(ELEMENTS.values())
_LISTS: Final = frozenset({*(ELEMENTS[name][0] for name in MANY), "to", "copy"})
_NUMBERS: Final = frozenset({"sign_within_hours", "handle_within_hours"})
_SEPARATOR: Final = "；"
_BETWEEN: Final = re.compile(r"[;；\n]")


_V = TypeVar("_V")


class FieldRule(AdapterSettings):
    """One element in an office system; written as its field's name alone when nothing else is needed."""

    field: str = Field(description="The field's name, column or control id in the office.")
    values: dict[str, str] = Field(default={}, description="Our value -> the office's.")
    otherwise: str | None = Field(
        default=None, description="For values not listed, and none; else they stay as they are."
    )

    @model_validator(mode="before")
    @classmethod
    def _name_alone(cls, value: Any) -> Any:
        return {"field": value} if isinstance(value, str) else value


def _known(*vocabularies: Mapping[str, str]) -> AfterValidator:
    names = {
        name: english for words in vocabularies for english, chinese in words.items() for name in (english, chinese)
    }

    def check(rules: dict[str, _V]) -> dict[str, _V]:
        if unknown := [name for name in rules if name not in names]:
            raise ValueError(f"no element is called {unknown[0]!r}; there are: {', '.join(names)}")
        if len({names[name] for name in rules}) < len(rules):
            raise ValueError("an element stands there twice, in English and Chinese")
        return {names[name]: rule for name, rule in rules.items()}

    return AfterValidator(check)


OfficeFields = Annotated[dict[str, FieldRule], _known(_STANDARD, _RECEIVED)]
"""Rules for received documents, by element."""

_SENT: Final = _known(_STANDARD, {key: chinese for key, chinese in TOP.items() if key != "files"})

ExchangeFields = Annotated[dict[str, FieldRule], _SENT]
"""Rules for documents to send, by element."""

FixedElements = Annotated[dict[str, str], _SENT]
"""What every document to send says, by element."""


def to_office(manifest: Mapping[str, object], rules: Mapping[str, FieldRule]) -> dict[str, str]:
    """A received document, as `manifest.described` gives it, as the office's fields. What is not given is an empty
    text, or the rule's `otherwise`."""
    elements = manifest.get("metadata")
    assert isinstance(elements, Mapping)
    written = {}
    for element, rule in rules.items():
        value = manifest.get(element, elements.get(element))
        text = (
            _SEPARATOR.join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
        )
        written[rule.field] = rule.values.get(text, text if rule.otherwise is None else rule.otherwise)
    return written


def to_manifest(
    fields: Mapping[str, str], rules: Mapping[str, FieldRule], fixed: Mapping[str, str]
) -> dict[str, object]:
    """A document to send, from the office's fields, as a manifest without its files; `fixed` stands for what has no
    field, or an empty one. Raises InputError naming field and element."""
    top: dict[str, object] = {}
    elements: dict[str, object] = {}
    for element in dict.fromkeys([*rules, *fixed]):
        text = _read(element, rules[element], fields) if element in rules else ""
        if text := text or fixed.get(element, ""):
            (elements if element in _STANDARD else top)[element] = _value(element, text)
    return {**top, "metadata": elements}


def _read(element: str, rule: FieldRule, fields: Mapping[str, str]) -> str:
    if rule.field not in fields:
        refuse(f"办公系统的表单中没有字段“{rule.field}”（{element}）")
    text = fields[rule.field].strip()
    ours = {theirs: value for value, theirs in rule.values.items()}
    return ours.get(text, text if rule.otherwise is None or not rule.values else "")


def _value(element: str, text: str) -> object:
    if element in _LISTS:
        return [part for raw in _BETWEEN.split(text) if (part := raw.strip())]
    if element in _NUMBERS:
        return int(text) if text.isdecimal() else refuse(f"{element}: {text[:40]} 不是整数")
    if element == "reply_required":
        return text in ("1", "true", "是")
    return text


def check_fields(where: str, rules: Mapping[str, FieldRule], there: Collection[str], form: str) -> Iterator[Misfit]:
    """Rules whose field the office's `form` has not; `there`: those that it has."""
    for element, rule in rules.items():
        if rule.field not in there:
            known = "、".join(sorted(there)) or "无 none"
            yield Misfit(
                where=f"{where}.{element}",
                found=f"{form} 没有字段“{rule.field}” has no such field",
                cure=f"改为其中之一，或在表单中添加 one of these, or add it to the form: {known}",
            )
