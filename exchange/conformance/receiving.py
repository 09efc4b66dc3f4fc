"""IN: documents that arrive go into the office: whole, once, and with whatever names and titles people write.

Not here: what people then do with them (`deciding`), breakdowns (`breaking`).
"""

from typing import Final

from exchange.conformance.case import Case, FailedError, Words, expect
from exchange.conformance.stage import Stage
from exchange.errors import AdapterError

__all__ = ["CASES", "LARGE"]

LARGE: Final = 20 << 20
_ODD_NAME: Final = "关于“防汛”的 通知 (终稿) & 附件—1.pdf"


def whole(stage: Stage) -> None:
    title = stage.title()
    key = stage.arrive(title)
    stage.until(lambda: stage.is_imported(key))
    stage.expect_received(title)
    expect(stage.is_imported(key), True, "“已入OA”回执 receipt IMPORTED")


def duplicate(stage: Stage) -> None:
    title = stage.title()
    ids = stage.taken_thrice(stage.arrive(title))
    for again in ids[1:]:
        expect(again, ids[0], "再次交来时的编号 the id on another hand-over")
    expect(bool(str(ids[0]).strip()), True, "办公系统的编号不为空 the office's id is not empty")
    stage.expect_received(title)


def namesakes(stage: Stage) -> None:
    title = stage.title()
    ids = [stage.taken(stage.arrive(title)) for _ in range(2)]
    if ids[0] == ids[1]:
        raise FailedError(f"两件公文得到同一个编号 two documents got one id: {ids[0]!r}")
    stage.expect_received(title, count=2)


def odd_names(stage: Stage) -> None:
    stage.imported(stage.title(), {_ODD_NAME: b"%PDF-1.7", "𠮷祥村、彧（1）.docx": b"PK", "空文件.txt": b""})


def odd_title(stage: Stage) -> None:
    stage.imported(stage.title("“两不愁”<三保障> & 𠮷祥村'一事一议'"))


def large(stage: Stage) -> None:
    title = stage.title()
    files = {"规划图.tif": _pattern(LARGE)}
    key = stage.arrive(title, files)
    try:
        stage.taken(key)
    except AdapterError as refusal:
        if refusal.code != "OA_REJECTED":
            raise FailedError(f"{refusal.code} {refusal.message} {refusal.detail}") from refusal
        stage.expect_received(title, count=0)
        return
    stage.expect_received(title, files)


def torn(stage: Stage) -> None:
    title, files = stage.title(), {"通知.pdf": b"x" * 100_000, "名单.xlsx": b"PK list"}
    key = stage.arrive(title, files)
    if stage.torn(key):
        raise FailedError(
            "读文件时断开，却说已经收下 a file broke off while it was read, and it was taken all the same"
        )
    stage.expect_received(title, count=0)
    stage.taken_again(key)
    stage.expect_received(title, files)


def _pattern(size: int) -> bytes:
    """No two blocks of it are alike, so that none can be missing or doubled unseen."""
    return b"".join(number.to_bytes(16, "big") * 256 for number in range(size // 4096))


CASES: Final = (
    Case(
        id="IN-01",
        title=Words("收文完整入库", "a document arrives whole"),
        expected=Words(
            "标题、每个文件逐字节相同，恰好一件；随后发出“已入OA”回执",
            "title and every byte of every file, exactly one; then the receipt IMPORTED goes out",
        ),
        why=Words("公文少一个附件，就不是那件公文", "a document without one of its files is not that document"),
        cure=Words("核对字段对应与附件上传", "check the field mapping and how files are uploaded"),
        play=whole,
    ),
    Case(
        id="IN-02",
        title=Words("重复交来只入一次", "a duplicate is taken once"),
        expected=Words(
            "同一公文再次交来（也在重启之后）：不再新建，返回同一编号",
            "the same document again, also after a restart: nothing new, and the same id",
        ),
        why=Words(
            "交换中断后必然重发；重复入库会让经办人办两遍",
            "after a break it is handed over again; a doubled document is handled twice",
        ),
        cure=Words(
            "以发文单位与编号（key）为唯一键，again 为真时先查再写",
            "make the sender and the id (key) unique, and look before you write when `again` is set",
        ),
        play=duplicate,
    ),
    Case(
        id="IN-03",
        title=Words("同名的两件公文不混为一件", "two documents of one title stay two"),
        expected=Words("两件公文，两个编号", "two documents with two ids"),
        why=Words("以标题判断重复会丢公文", "who tells duplicates by their titles loses documents"),
        cure=Words("判断重复用 key，不用标题", "tell duplicates by key, not by title"),
        play=namesakes,
    ),
    Case(
        id="IN-04",
        title=Words("特殊的文件名、空文件", "odd file names, an empty file"),
        expected=Words("文件名与内容原样", "names and contents as they were"),
        why=Words("全角引号、空格、&、四字节汉字在公文里常见", "such names are everyday ones"),
        cure=Words("文件名按 UTF-8 传，不拼进 URL、XML、SQL", "pass names as UTF-8, never pasted into URL, XML or SQL"),
        play=odd_names,
    ),
    Case(
        id="IN-05",
        title=Words("特殊的标题", "an odd title"),
        expected=Words("标题原样显示", "the title as it was"),
        why=Words(
            "人名、村名里有四字节汉字；尖括号与引号是注入", "names have rare characters; brackets and quotes inject"
        ),
        cure=Words("数据库用 utf8mb4，输出转义", "a database in utf8mb4, and everything escaped"),
        play=odd_title,
    ),
    Case(
        id="IN-06",
        title=Words("大文件", "a large file"),
        expected=Words(
            "20 MB 的附件完整入库；收不下就明说 OA_REJECTED，且什么也不留下",
            "20 MB arrive whole; an office that cannot take it says OA_REJECTED and keeps nothing",
        ),
        why=Words("默默截断的附件没人发现", "nobody notices a file that was cut in silence"),
        cure=Words(
            "分块读写，核对大小；放宽办公系统的上传限制", "read in pieces, compare sizes, raise the office's limit"
        ),
        play=large,
    ),
    Case(
        id="IN-07",
        title=Words("文件读到一半断开", "a file breaks off half-way"),
        expected=Words(
            "报错；人们看不到半件公文；重来后完整一件",
            "an error; nobody sees half a document; after another try it is whole, and one",
        ),
        why=Words("磁盘与网络会在任何时候出错", "disks and lines fail at any moment"),
        cure=Words("文件全部到齐，公文才可见", "show a document only once all its files are there"),
        play=torn,
    ),
)
