"""Who is there: units and groups, as the signed directory names them, and what this token may do.

Not here: changing any of it, which is the hub's.
"""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from exchange.directory.snapshot import Directory
from exchange.model.envelope import MAX_CONTENT, MAX_FILE_SIZE, MAX_FILES, MAX_RECIPIENTS
from exchange.model.program import Scope
from exchange.web.node_api.door import Caller, Door, caller_of
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.page import errors
from exchange.web.node_api.paging import MAX_PAGE

__all__ = ["GroupShape", "UnitShape", "UnitsShape", "add_directory", "find_units", "groups_of"]


class UnitShape(BaseModel):
    code: str = Field(examples=["520304-002"])
    name: str = Field(examples=["乙镇"])
    kind: str
    kind_zh: str
    level: str
    level_zh: str
    active: bool
    hosted: bool = Field(description="This token may speak for it.")


class UnitsShape(BaseModel):
    """`next` is for the parameter `after`."""

    version: int = Field(description="Of the directory.")
    items: list[UnitShape]
    next: str | None = None


class GroupShape(BaseModel):
    id: str
    name: str
    members: int


class GroupsShape(BaseModel):
    version: int
    items: list[GroupShape]


class LimitsShape(BaseModel):
    """What one request may ask at most."""

    requests_per_minute: int
    form_bytes: int
    file_bytes: int
    files: int
    recipients: int
    content_characters: int
    page: int
    upload_bytes_per_day: int
    unsent_days: float


class RootShape(BaseModel):
    """Who the node takes the caller for, and the limits."""

    token: str
    program: str
    scopes: list[str]
    units: list[str]
    expires: datetime | None = None
    directory_version: int
    limits: LimitsShape


def add_directory(router: APIRouter, face: NodeFace, door: Door) -> None:
    reading, settings = Depends(door.needing(Scope.READ)), face.settings

    @router.get(
        BASE,
        summary="我是谁，限额多少 Who I am here, and the limits",
        description="For any token.",
        responses=errors(),
        tags=["directory"],
    )
    def root(request: Request) -> RootShape:
        caller = caller_of(request)
        return RootShape(
            token=caller.token.id,
            program=caller.token.name,
            scopes=sorted(caller.token.scopes),
            units=list(caller.units),
            expires=caller.token.expires,
            directory_version=face.directory().version,
            limits=LimitsShape(
                requests_per_minute=settings.requests_per_minute,
                form_bytes=settings.form_bytes,
                file_bytes=MAX_FILE_SIZE,
                files=MAX_FILES,
                recipients=MAX_RECIPIENTS,
                content_characters=MAX_CONTENT,
                page=MAX_PAGE,
                upload_bytes_per_day=settings.upload_bytes_per_day,
                unsent_days=face.node.timing.unsent_days,
            ),
        )

    @router.get(
        f"{BASE}/directory/units",
        summary="查找单位 Find units",
        description="By a part of the name or the beginning of the code, in the order of codes. Scope `read`.",
        responses=errors(),
        tags=["directory"],
    )
    def units(
        q: Annotated[str, Query(max_length=100, description="Part of a name, or beginning of a code.")] = "",
        after: Annotated[str, Query(max_length=20, description="`next` of the page before.")] = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
        caller: Caller = reading,
    ) -> UnitsShape:
        return find_units(face.directory(), caller, q, after, limit)

    @router.get(
        f"{BASE}/directory/groups",
        summary="分组 Groups",
        description="What `to` may name. Scope `read`.",
        responses=errors(),
        tags=["directory"],
        dependencies=[reading],
    )
    def groups() -> GroupsShape:
        directory = face.directory()
        return GroupsShape(version=directory.version, items=groups_of(directory))


def find_units(directory: Directory, caller: Caller, q: str, after: str, limit: int) -> UnitsShape:
    """A page of units by a part of the name, or the beginning of the code."""
    found = [
        one.unit
        for one in directory.units
        if one.unit.code > after and (q in one.unit.name or one.unit.code.startswith(q))
    ]
    items = [
        UnitShape(
            code=unit.code,
            name=unit.name,
            kind=unit.kind,
            kind_zh=unit.kind.chinese,
            level=unit.level,
            level_zh=unit.level.chinese,
            active=unit.active,
            hosted=unit.code in caller.units,
        )
        for unit in found[:limit]
    ]
    return UnitsShape(version=directory.version, items=items, next=items[-1].code if len(found) > limit else None)


def groups_of(directory: Directory) -> list[GroupShape]:
    return [
        GroupShape(id=group.id, name=group.name, members=len(directory.members(group))) for group in directory.groups
    ]
