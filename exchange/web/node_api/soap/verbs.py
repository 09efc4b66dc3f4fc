"""The verbs of the web service: what each takes and gives, and which scope it needs.

Names are those of the JSON interface. Not here: what they do (`work.py`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final

from pydantic import BaseModel, Field

from exchange.codec.soap import Verb
from exchange.model.envelope import MAX_FILES
from exchange.model.program import Scope
from exchange.ports.programs import Wanted
from exchange.web.node_api.answers import SubmittedShape
from exchange.web.node_api.directory import GroupShape, UnitShape
from exchange.web.node_api.inbox import AnswerIn, ConfirmIn, ReasonIn, SignIn
from exchange.web.node_api.paging import MAX_PAGE
from exchange.web.node_api.sender import ReissueIn, SaidOfAll, SaidOfOne
from exchange.web.node_api.shapes import AskedModel, DocumentShape, ListedShape, ReceiptShape
from exchange.web.node_api.soap.records import record_of
from exchange.web.node_api.submission import FileIn, Submission

__all__ = [
    "VERBS",
    "AckIn",
    "Answered",
    "DoneOnce",
    "FeedbackIn",
    "FetchIn",
    "FetchedFile",
    "FetchedShape",
    "FileToSend",
    "ForUnit",
    "ListUnitsIn",
    "OfDocument",
    "OfReceived",
    "QueryStatusIn",
    "ReceiptAnswer",
    "RejectIn",
    "ResendIn",
    "SendIn",
    "SignOne",
    "SoapVerb",
    "StatusShape",
    "SubmittedAnswer",
    "UnitsAnswer",
    "UrgeIn",
    "VoidIn",
    "WithdrawIn",
    "listed_verbs",
]

_DocumentId = Annotated[str, Field(pattern="^[0-9a-f-]{36}$", description="交换编号 The document's id.")]


class ForUnit(AskedModel):
    unit: str | None = Field(
        default=None, max_length=20, description="本单位代码，令牌只管一个单位时可省略 For which unit of the token."
    )


class DoneOnce(ForUnit):
    reference: str = Field(
        min_length=1,
        max_length=200,
        description="办公系统自己的业务编号，每件事一个；同一编号只办一次 The office's own id of this deed: done once.",
    )


class OfDocument(DoneOnce):
    id: _DocumentId


class OfReceived(OfDocument):
    sender: str | None = Field(
        default=None, max_length=20, description="来文单位代码，编号不唯一时才需要 Whose, if the id is not unique."
    )


class ListUnitsIn(AskedModel):
    q: str = Field(
        default="", max_length=100, description="名称的一部分，或代码的开头 Part of a name, or beginning of a code."
    )
    after: str = Field(default="", max_length=20, description="上一页的 next `next` of the page before.")


class FileToSend(FileIn):
    """With its content, or uploaded ahead and named by its digest."""

    content: bytes | None = Field(default=None, description="Base64; larger files are uploaded ahead, give sha256.")


class SendIn(ForUnit, Submission):
    reference: str = Field(
        min_length=1,
        max_length=200,
        description="办公系统自己的编号，同一编号永远是同一件公文 The office's own id, for ever.",
    )
    files: tuple[FileToSend, ...] = Field(default=(), max_length=MAX_FILES)


class FetchIn(ForUnit):
    id: _DocumentId | None = Field(default=None, description="省略则列出收文 Left out: a list of what was received.")
    sender: str | None = Field(default=None, max_length=20)
    with_files: bool = Field(default=True, description="附上文件内容 With the files' content, as far as it is small.")
    state: Wanted = Field(default=Wanted.NEW, description="new, unsigned, all")
    after: str | None = Field(default=None, max_length=300, description="上一页的 next `next` of the page before.")
    limit: int = Field(default=50, ge=1, le=MAX_PAGE)


class AckIn(ConfirmIn, OfReceived):
    pass


class SignOne(SignIn, OfReceived):
    pass


class RejectIn(ReasonIn, OfReceived):
    pass


class FeedbackIn(AnswerIn, OfReceived):
    pass


class WithdrawIn(SaidOfOne, OfDocument):
    pass


class VoidIn(SaidOfAll, OfDocument):
    pass


class ResendIn(ReissueIn, OfDocument):
    pass


class UrgeIn(SaidOfAll, OfDocument):
    recipient: str = Field(max_length=20, examples=["520304-002"])


class QueryStatusIn(ForUnit):
    id: _DocumentId | None = Field(default=None, description="交换编号，或 or:")
    reference: str | None = Field(default=None, max_length=200, description="发文时的业务编号 As it was given to send.")


class Answered(BaseModel):
    """What every answer begins with."""

    error_flag: int = Field(default=0, description="0 成功 done, 1 失败 not done")
    err_code: str = Field(default="", description="不变的代码，供程序判断 Stable, for programs.")
    err_msg: str = Field(default="", description="给人看 For people.")


class UnitsAnswer(Answered):
    version: int | None = None
    units: list[UnitShape] = []
    groups: list[GroupShape] = Field(default=[], description="只在第一页 On the first page.")
    next: str | None = None


class SubmittedAnswer(Answered):
    submitted: SubmittedShape | None = None


class ReceiptAnswer(Answered):
    receipt: ReceiptShape | None = None


class FetchedFile(BaseModel):
    """Without content: get it at `link`, with the same token; parts of it by Range."""

    sha256: str
    name: str
    size: int
    content: bytes | None = None
    link: str | None = None


class FetchedShape(Answered):
    items: list[ListedShape] = []
    next: str | None = None
    document: DocumentShape | None = None
    files: list[FetchedFile] = []


class StatusShape(Answered):
    document: DocumentShape | None = None


@dataclass(frozen=True, kw_only=True)
class SoapVerb:
    name: str
    words: str
    scope: Scope
    asked: type[AskedModel]
    answer: type[Answered]

    @cached_property
    def written(self) -> Verb:
        """As the WSDL and the messages have it."""
        asked, answer = record_of(self.asked, answer=False), record_of(self.answer, answer=True)
        return Verb(name=self.name, words=f"{self.words} Scope {self.scope.value}.", asked=asked, answer=answer)


def _verb(name: str, words: str, scope: Scope, asked: type[AskedModel], answer: type[Answered]) -> SoapVerb:
    return SoapVerb(name=name, words=words, scope=scope, asked=asked, answer=answer)


_ALL: Final = (
    _verb("listUnits", "查单位与分组 Units and groups.", Scope.READ, ListUnitsIn, UnitsAnswer),
    _verb("send", "发文 Send a document.", Scope.SUBMIT, SendIn, SubmittedAnswer),
    _verb("fetch", "列出收文，或取一件 List what came, or get one of it.", Scope.READ, FetchIn, FetchedShape),
    _verb("ack", "确认入库 The office has it.", Scope.RECEIVE, AckIn, ReceiptAnswer),
    _verb("sign", "签收 Sign for it.", Scope.SIGN, SignOne, ReceiptAnswer),
    _verb("reject", "拒收，签收之后为退文 Refuse it; after signing, return it.", Scope.SIGN, RejectIn, ReceiptAnswer),
    _verb("feedback", "办理反馈 Say what became of it.", Scope.SIGN, FeedbackIn, ReceiptAnswer),
    _verb("withdraw", "撤回 Ask for it back.", Scope.SUBMIT, WithdrawIn, ReceiptAnswer),
    _verb("void", "作废 Declare it void.", Scope.SUBMIT, VoidIn, ReceiptAnswer),
    _verb("resend", "补发 The same document to more recipients.", Scope.SUBMIT, ResendIn, SubmittedAnswer),
    _verb("urge", "催办 Urge a recipient.", Scope.SUBMIT, UrgeIn, ReceiptAnswer),
    _verb("queryStatus", "跟踪发文 Who has it, who signed.", Scope.READ, QueryStatusIn, StatusShape),
)
VERBS: Final = {verb.name: verb for verb in _ALL}


def listed_verbs() -> dict[str, Verb]:
    return {name: verb.written for name, verb in VERBS.items()}
