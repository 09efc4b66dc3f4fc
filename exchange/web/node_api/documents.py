"""What a unit sent: submit, preview, list, follow.

Not here: what its sender says about it later (`sender.py`), what was received (`inbox.py`), uploading files ahead
(`files.py`).
"""

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from exchange.model.program import Scope
from exchange.ports.node import Box
from exchange.ports.programs import Wanted
from exchange.web.downloads import send_file
from exchange.web.node_api.answers import (
    FILE,
    SUBMISSION,
    Sha256,
    SubmittedShape,
    page_of,
    submitted_shape,
)
from exchange.web.node_api.door import Caller, Door, UnitOf
from exchange.web.node_api.face import BASE, Found, NodeFace, look, sent
from exchange.web.node_api.once import Doing, doing
from exchange.web.node_api.originals import add_originals
from exchange.web.node_api.page import errors
from exchange.web.node_api.paging import After, Limit
from exchange.web.node_api.shapes import DocumentShape, PageShape, name_of
from exchange.web.node_api.submission import Given, Submission, draft_of, read_submission, submit_given

__all__ = ["add_documents"]

_ONE = f"{BASE}/documents/{{document_id}}"


class ReachedShape(BaseModel):
    unit: str
    name: str
    role: str


class PreviewShape(BaseModel):
    """Whom the addresses reach, each once."""

    recipients: list[ReachedShape]
    groups: list[str]


def add_documents(router: APIRouter, face: NodeFace, door: Door) -> None:
    _add_submitting(router, face, door)
    _add_reading(router, face, door)


def _add_submitting(router: APIRouter, face: NodeFace, door: Door) -> None:
    submitting = Depends(door.needing(Scope.SUBMIT))

    @router.post(
        f"{BASE}/documents",
        status_code=201,
        summary="发文 Send a document",
        description="JSON that names files uploaded before, or a form: the part `document` is that JSON, each part "
        "`file` a file under its name. Answered once it is on stable storage. Scope `submit`.",
        responses=errors(404, 409, 413, 415),
        openapi_extra=SUBMISSION,
        tags=["documents"],
    )
    def submit(
        unit: UnitOf = None,
        caller: Caller = submitting,  # first: whoever may not is not told what is wrong with it
        given: Given = Depends(read_submission),
        once: Doing = Depends(doing),
    ) -> SubmittedShape:
        return submitted_shape(submit_given(face, caller.one_unit(unit), given, once.reference))

    @router.post(
        f"{BASE}/preview",
        summary="预览送达范围 Whom the addresses reach",
        description="Nothing is stored; files are not looked at. Scope `submit`.",
        responses=errors(409, 413, 415),
        tags=["documents"],
    )
    def preview(asked: Submission, unit: UnitOf = None, caller: Caller = submitting) -> PreviewShape:
        sender, directory = caller.one_unit(unit), face.directory()
        draft = draft_of(
            face.node, face.uploads, sender, Given(asked=asked.model_copy(update={"files": ()}), parts={}), "preview"
        )
        reached = face.submitter.preview(draft)
        return PreviewShape(
            recipients=[
                ReachedShape(unit=one.unit, name=name_of(directory, one.unit), role=one.role.value)
                for one in reached.recipients
            ],
            groups=list(reached.groups),
        )


def _add_reading(router: APIRouter, face: NodeFace, door: Door) -> None:
    reading = Depends(sent(face, door, Scope.READ))

    @router.get(
        f"{BASE}/documents",
        summary="已发公文，新的在前 What the unit sent, newest first",
        description="Scope `read`.",
        responses=errors(),
        tags=["documents"],
    )
    def listing(
        unit: UnitOf = None,
        after: After = None,
        limit: Limit = 50,
        caller: Caller = Depends(door.needing(Scope.READ)),
    ) -> PageShape:
        return page_of(face, caller.one_unit(unit), Box.SENT, Wanted.ALL, after, limit)

    @router.get(
        _ONE,
        summary="跟踪一件公文 Who has a document, who signed, when",
        description="As it was signed, its state at each recipient, and every receipt held. Scope `read`.",
        responses=errors(404, 409),
        tags=["documents"],
    )
    def track(found: Found = reading) -> DocumentShape:
        return look(face, Box.SENT, found).shape

    add_originals(router, face, Box.SENT, "documents", reading)

    @router.get(
        f"{_ONE}/files/{{sha256}}",
        summary="所发文件，可分段 A file of what was sent, or a part of it",
        description="Ranges by RFC 9110. Scope `read`.",
        responses=errors(404, 409, 416) | FILE,
        response_class=Response,
        tags=["documents"],
    )
    def file(request: Request, sha256: Sha256, found: Found = reading) -> Response:
        entry = look(face, Box.SENT, found).file(sha256)
        return send_file(request, face.node.files.open(sha256), sha256, entry.media_type, entry.name)
