"""The suite API in words: what each case expects of a foreign node, why, and what helps. Not here: how they are played
(`node`).
"""

from collections.abc import Callable, Sequence
from typing import Final

from exchange.conformance.case import Case, Words
from exchange.conformance.url import node, told
from exchange.conformance.url.node import NodeTarget

__all__ = ["CASES"]

_CLICK: Final = Words(
    "人会连点两下，程序会重试；发出去的收不回来", "people click twice, programs retry, and what is out is out"
)
_GUARD: Final = Words("接口后面是单位的印章", "behind the interface stands the unit's seal")
_ACT: Final = Words("程序按代码处理，人看说明改正", "programs act on the code, people mend by the words")
_ONCE: Final = Words("键与答复在同一事务中存下", "store key and answer in one transaction")


def _case(number: int, play: Callable[[NodeTarget], None], *words: Words | tuple[str, str]) -> Case:
    title, expected, why, cure = (Words(*one) for one in words)
    return Case(id=f"API-{number:02}", title=title, expected=expected, why=why, cure=cure, play=play)


CASES: Final[Sequence[Case]] = (
    _case(
        1,
        node.who_am_i,
        ("我是谁", "who am I"),
        ("说出单位、权限、限额", "units, scopes and limits"),
        ("程序先问这个", "programs ask this first"),
        ("按 openapi.json 的 RootShape", "as RootShape of openapi.json"),
    ),
    _case(
        2,
        node.no_token,
        ("没有令牌，令牌不对", "no token, a wrong one"),
        ("答 401 TOKEN", "401 TOKEN"),
        _GUARD,
        ("先查令牌，再做别的", "look at the token before anything else"),
    ),
    _case(
        3,
        node.no_scope,
        ("权限不够", "a missing scope"),
        ("答 403 SCOPE，什么也不发", "403 SCOPE, and nothing is sent"),
        _GUARD,
        ("每个操作各查权限", "check the scope of each operation"),
    ),
    _case(
        4,
        node.sends,
        ("发文与附件", "a document and its file"),
        ("答 201；标题、文件逐字节相同", "201; title and bytes as given"),
        ("这是接口的用处", "it is what the interface is for"),
        ("文件名按 UTF-8，原样保存", "names in UTF-8, kept as they are"),
    ),
    _case(
        5,
        node.twice,
        ("连点两下", "a double click"),
        ("同样的答复，只发一件", "the same answer, one document"),
        _CLICK,
        _ONCE,
    ),
    _case(
        6,
        node.at_once,
        ("同一键同时四次", "one key four times at once"),
        ("201 或 409，只发一件", "201 or 409, one document"),
        _CLICK,
        ("先占键，再做事", "take the key before the work"),
    ),
    _case(
        7,
        node.other_body,
        ("同一键、另一件", "the same key for another document"),
        ("答 422 KEY_REUSED，不发", "422 KEY_REUSED, not sent"),
        ("否则程序以为发了", "else the program believes it was sent"),
        ("记下请求的摘要来比较", "keep a digest of the request, and compare"),
    ),
    _case(
        8,
        node.by_reference,
        ("同一自编号再发", "the same reference again"),
        ("答同一编号，只发一件", "the same id, one document"),
        _CLICK,
        ("自编号永久唯一", "a reference is one document for ever"),
    ),
    _case(
        9,
        node.names_the_fault,
        ("写错了", "mistakes"),
        ("答 422，指出字段；不发", "422 with the field at fault; not sent"),
        _ACT,
        ("errors 中给出 pointer", "give a pointer in errors"),
    ),
    _case(
        10,
        node.oversize,
        ("过大", "oversize"),
        ("答 413；之后照常", "413; afterwards it goes on"),
        ("一次请求不能占满内存", "one request must not fill the memory"),
        ("先看 Content-Length，再读", "look at Content-Length before reading"),
    ),
    _case(
        11,
        node.ranges,
        ("分段取文件", "parts of a file"),
        ("206 与 Content-Range；超出答 416", "206 with Content-Range; 416 beyond"),
        ("断线之后接着取", "a download goes on where the line was cut"),
        ("按 RFC 9110 第 14 节", "RFC 9110, section 14"),
    ),
    _case(
        12,
        node.pages,
        ("翻页时又有新件", "pages while more is sent"),
        ("不重不漏，新的在前", "none twice, none missed, newest first"),
        ("漏一件就是丢一件", "one that is missed is lost"),
        ("按键翻页，不按序号", "page by key and not by offset"),
    ),
    _case(
        13,
        node.events,
        ("自某号之后发生了什么", "what happened after a number"),
        ("按号递增，再问相同", "rising numbers, the same again"),
        ("程序只记最后一个号", "programs keep the last number alone"),
        ("提交的先后即编号的先后", "number them as they commit"),
    ),
    _case(
        14,
        node.slow,
        ("慢的请求不堵住别的", "a slow request blocks no other"),
        ("别的照样答 200", "200 to others"),
        ("一个卡住的连接就能让全单位停下", "one stuck connection would stop the unit"),
        ("并发处理，读取限时", "serve several at once, and bound reading in time"),
    ),
    _case(
        15,
        node.restarted,
        ("重启之后再来", "again after a restart"),
        ("同样的答复，只发一件", "the same answer, one document"),
        _CLICK,
        _ONCE,
    ),
    _case(
        16,
        told.told,
        ("推送到程序", "a program is told"),
        ("签名正确；答 503 之后同一编号再来", "rightly signed; after 503 it comes again under the same id"),
        ("至少一次，且认得出是谁说的", "at least once, and from nobody else"),
        ("按 Standard Webhooks 签名，2xx 才算收下", "sign by Standard Webhooks; taken is what is answered 2xx"),
    ),
    _case(
        17,
        told.gone,
        ("答 410 即停", "410 ends a webhook"),
        (
            "答过 410 的不再推送，列表中写明 ended；别的照常",
            "after 410 it is told nothing more, and listed as ended; others are told",
        ),
        (
            "410 表示不再需要；还在推送的，是把公文信息发给不该有的人",
            "410 says: no more; what is told on goes to whoever has that address now",
        ),
        ("收到 410 就停用，等人重新启用", "disable it at 410, until somebody enables it again"),
    ),
)
