"""Files in, ahead of the document that names them: tus 1.0, for a unit's programs.

Not here: how it is spoken (`exchange.web.uploads`), files out (`documents.py`, `inbox.py`).
"""

from fastapi import APIRouter, Depends

from exchange.model.program import Scope
from exchange.web.limits import Slots
from exchange.web.node_api.door import Caller, Door, UnitOf, Uploading
from exchange.web.node_api.face import BASE, NodeFace
from exchange.web.node_api.page import errors
from exchange.web.uploads import Uploads, add_uploads

__all__ = ["add_files"]


def add_files(router: APIRouter, face: NodeFace, door: Door) -> None:
    settings = face.settings
    uploads = Uploads(
        files=face.uploads,
        slots=Slots(settings.uploads_at_once),
        quota=face.quota,
        idle_seconds=settings.idle_seconds,
        create=f"{BASE}/uploads",
        address=f"{BASE}/uploads",
        at_home=True,
        expires=face.uploads.expires,
    )
    admitted = door.needing(Scope.SUBMIT)

    def whose(unit: UnitOf = None, caller: Caller = Depends(admitted)) -> Uploading:
        return Uploading(unit=caller.one_unit(unit))

    part = APIRouter(route_class=router.route_class, responses=errors(404, 409, 412, 415), tags=["uploads"])
    add_uploads(part, uploads, whose)
    router.include_router(part)
