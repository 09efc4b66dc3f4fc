"""What is asked and answered in JSON -> records of the WSDL, so that both say the same.

A part is required where the JSON would be refused without it, or never lacks it. Limits: the bounds of a value are not
in the WSDL; they are checked all the same.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from exchange.codec.soap import Kind, Part, Record

__all__ = ["record_of"]

_KINDS: Final[Mapping[type, Kind]] = {
    bool: Kind.FLAG,
    int: Kind.NUMBER,
    datetime: Kind.MOMENT,
    date: Kind.DAY,
    bytes: Kind.BYTES,
    str: Kind.TEXT,
    Enum: Kind.TEXT,
}
_ENTRY: Final = Record(name="Entry", parts=(Part(name="name", kind=Kind.TEXT), Part(name="value", kind=Kind.TEXT)))


def record_of(model: type[BaseModel], *, answer: bool) -> Record:
    """`answer`: what has a default is there all the same, unless it may be None."""
    parts = [_part(name, field, answer) for name, field in model.model_fields.items()]
    return Record(name=model.__name__.removesuffix("Shape"), parts=tuple(parts))


def _part(name: str, field: FieldInfo, answer: bool) -> Part:
    bare, optional = _bare(field.annotation)
    many = get_origin(bare) in (tuple, list, dict)
    if many:
        inside = _ENTRY if get_origin(bare) is dict else _kind(_bare(get_args(bare)[0])[0], answer)
    else:
        inside = _kind(bare, answer)
    required = not optional if answer else field.is_required()
    return Part(name=name, kind=inside, many=many, required=required and not many, words=field.description or "")


def _bare(annotation: Any) -> tuple[Any, bool]:
    """Without `Annotated` and `| None`; whether it may be None."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        (one,) = (each for each in get_args(annotation) if each is not NoneType)
        return _bare(one)[0], True
    return annotation, False


def _kind(bare: type, answer: bool) -> Kind | Record:
    if issubclass(bare, BaseModel):
        return record_of(bare, answer=answer)
    return next(kind for known, kind in _KINDS.items() if issubclass(bare, known))
