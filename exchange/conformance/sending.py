"""OUT: documents that people put out in their office leave it: whole, once, and with an answer.

Not here: receipts about them (`receipts`), breakdowns (`breaking`).
"""

from typing import Final

from exchange.conformance.case import Case, FailedError, Words, expect
from exchange.conformance.county import UNIT
from exchange.conformance.receiving import LARGE
from exchange.conformance.stage import Stage

__all__ = ["CASES"]

_NOBODY: Final = "520304-999"


def whole(stage: Stage) -> None:
    title = stage.title()
    stage.sent(title)
    stage.expect_done(title)


def waits(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title)
    references: list[str] = []
    for _ in range(2):
        found = stage.offered(title)
        expect(len(found), 1, "取到的件数 documents given")
        references += found
        expect(stage.bench.waiting(title), 1, "还在等待 waiting in the office")
        stage.restart()
    if not references[0]:
        raise FailedError("没有 reference the draft has no reference")
    expect(references[1], references[0], "重启后再取的 reference after a restart")
    stage.until(lambda: not stage.bench.waiting(title))
    stage.expect_done(title)


def duplicate(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title)
    stage.sent_and_died(title)
    stage.until(lambda: bool(stage.at_peer(title)) and not stage.bench.waiting(title))
    stage.expect_sent(title)
    stage.expect_done(title)


def refused(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title, to=_NOBODY)
    stage.until(lambda: bool(stage.bench.refused(title)))
    found = list(stage.bench.refused(title))
    expect(len(found), 1, "办公系统里的拒绝说明 refusals that the office shows")
    if "UNKNOWN_RECIPIENT" not in found[0]:
        raise FailedError(f"说明里没有原因 the refusal does not say why: {found[0]!r}")
    stage.expect_done(title)
    expect(len(stage.offered(title)), 0, "拒绝后还在取 given again after the refusal")


def beside_a_bad_one(stage: Stage) -> None:
    bad, good = stage.title(), stage.title()
    stage.put_out(bad, to=_NOBODY)
    stage.sent(good)


def namesakes(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title)
    stage.put_out(title)
    stage.until(lambda: len(stage.at_peer(title)) == 2 and not stage.bench.waiting(title))
    expect(len(stage.at_peer(title)), 2, "收文单位收到的件数 documents that the recipient has")


def odd_names(stage: Stage) -> None:
    title = stage.title("“两不愁”<三保障> & 𠮷祥村'一事一议'")
    stage.sent(title, {"关于“防汛”的 通知 (终稿) & 附件—1.pdf": b"%PDF-1.7", "𠮷祥村、彧（1）.docx": b"PK"})


def large(stage: Stage) -> None:
    title = stage.title()
    stage.put_out(title, {"规划图.tif": b"\xa5" * LARGE})
    stage.until(lambda: bool(stage.at_peer(title) or stage.bench.refused(title)) and not stage.bench.waiting(title))
    if stage.bench.refused(title):
        expect(len(stage.at_peer(title)), 0, "既拒绝又发出 refused and sent")
        return
    stage.expect_sent(title, {"规划图.tif": b"\xa5" * LARGE})


def in_whose_name(stage: Stage) -> None:
    title = stage.title()
    stage.sent(title)
    found = stage.county.peer_envelopes(title)
    expect([one.key.sender for one in found], [UNIT], "发文单位 sender")
    expect([one.operator for one in found], ["王芳"], "经办人 operator")


CASES: Final = (
    Case(
        id="OUT-01",
        title=Words("发文完整送出", "a document leaves whole"),
        expected=Words(
            "收文单位恰好收到一件，文件逐字节相同；办公系统里不再等待",
            "the recipient has exactly one, byte for byte; nothing waits in the office",
        ),
        why=Words("办公系统里盖了章的，就是对方收到的", "what was sealed in the office is what arrives"),
        cure=Words("核对字段对应、附件下载", "check the field mapping and how files are fetched"),
        play=whole,
    ),
    Case(
        id="OUT-02",
        title=Words("未告知结果之前一直等待", "what waits goes on waiting until told"),
        expected=Words(
            "取了两次、其间重启：还在，且 reference 相同",
            "taken twice with a restart between: still there, under the same reference",
        ),
        why=Words(
            "一取就标为“已发送”，断电时公文就丢了",
            "who marks it as sent when it is taken loses it when the power fails",
        ),
        cure=Words(
            "只在 sent 或 refused 时改状态；reference 用办公系统自己的编号",
            "change its state in `sent` or `refused` alone; the reference is the office's own id",
        ),
        play=waits,
    ),
    Case(
        id="OUT-03",
        title=Words("重复取到只发一次", "a duplicate is sent once"),
        expected=Words(
            "已受理、办公系统还不知道时重启：收文单位仍只有一件",
            "accepted, and a restart before the office heard so: the recipient still has one",
        ),
        why=Words("reference 每次不同，对方就收到两件", "with a new reference each time the recipient gets two"),
        cure=Words("reference 用办公系统自己的编号，且不变", "the reference is the office's own id and never changes"),
        play=duplicate,
    ),
    Case(
        id="OUT-04",
        title=Words("不予发送要说明", "a refusal is shown"),
        expected=Words(
            "收文单位不存在：办公系统里写明 UNKNOWN_RECIPIENT，不再反复取",
            "an unknown recipient: the office shows UNKNOWN_RECIPIENT, and it is not given again",
        ),
        why=Words("发文人以为发出去了，其实没有", "else its author believes that it was sent"),
        cure=Words("refused 把代码与说明写回办公系统", "`refused` writes code and message back into the office"),
        play=refused,
    ),
    Case(
        id="OUT-05",
        title=Words("一件有错不耽误别的", "a bad one keeps no other waiting"),
        expected=Words("同时放出的另一件照常送达", "another that was put out with it arrives"),
        why=Words("一件错的公文堵住全单位", "one bad document would stop a whole unit"),
        cure=Words("collect 里一件一件处理，错的跳过", "deal with each by itself in `collect`"),
        play=beside_a_bad_one,
    ),
    Case(
        id="OUT-06",
        title=Words("同名的两件都发出", "two of one title are both sent"),
        expected=Words("收文单位收到两件", "the recipient has two"),
        why=Words("以标题作编号会丢公文", "who takes the title for an id loses documents"),
        cure=Words("reference 用办公系统自己的编号", "the reference is the office's own id"),
        play=namesakes,
    ),
    Case(
        id="OUT-07",
        title=Words("特殊的标题与文件名", "odd titles and file names"),
        expected=Words("原样送达", "they arrive as they were"),
        why=Words("全角引号、空格、&、四字节汉字在公文里常见", "such names are everyday ones"),
        cure=Words("全程 UTF-8", "UTF-8 all the way"),
        play=odd_names,
    ),
    Case(
        id="OUT-08",
        title=Words("大文件", "a large file"),
        expected=Words(
            "20 MB 的附件完整送达，或在办公系统里明确拒绝", "20 MB arrive whole, or the office shows why not"
        ),
        why=Words("默默截断的附件没人发现", "nobody notices a file that was cut in silence"),
        cure=Words("分块读写，核对大小", "read in pieces and compare sizes"),
        play=large,
    ),
    Case(
        id="OUT-09",
        title=Words("以谁的名义", "in whose name"),
        expected=Words(
            "发文单位是本单位，经办人是办公系统里的那个人",
            "the sender is the unit, the operator the person in the office",
        ),
        why=Words("签名的公文里写着经办人，要负责任", "the signed document names who is answerable"),
        cure=Words("把办公系统的拟稿人对应到经办人", "map the office's author to the operator"),
        play=in_whose_name,
    ),
)
