"""What a person is told about a wrong document."""

import pytest

from exchange.codec.explain import explain
from exchange.codec.signed import DocumentKind
from tests.vectors.base import GOOD, changed


def faults(data: bytes) -> list[str]:
    return explain(data, DocumentKind.ENVELOPE)


def test_a_good_document_needs_no_words() -> None:
    assert faults(GOOD) == []


def test_all_faults_are_named_at_once_with_their_places() -> None:
    data = changed("<Kind>DOCUMENT", "<Kind>PAPER").replace(b"<Size>1024", b"<Size>1 KB")
    kind, size = faults(data)
    assert kind.startswith("第 1 行 Envelope/Exchange/Kind（业务种类）：'PAPER' 不在允许的取值之内")
    assert size.startswith("第 1 行 Envelope/Manifest/File/Size：'1 KB' 不符合格式")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("<Operator>李四</Operator>", "", "缺少元素：Operator"),
        ("<Operator>", "<X>1</X><Operator>", "此处不应有此元素，应为：Operator"),
        (' role="body"', ' role="body" x="1"', "不应有属性 'x'"),
        (' role="body"', "", "缺少属性 'role'"),
        ("</Exchange>", "</Exchange>x", "元素之间不应有文字"),
        (">520304-003<", ">52030４-003<", "Recipient[2]（接收单位）：'52030４-003' 不符合格式"),
        ("<IssuedDate>2026-11-23", "<IssuedDate>2026-02-30", "IssuedDate '2026-02-30'"),
        (">520304-003<", ">520304-002<", "a unit stands there twice"),
        ('Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"', 'Algorithm="md5"', "SIG_ALG"),
        ("</Envelope>", "", "XML_MALFORMED"),
    ],
)
def test_a_fault_is_told_in_words(old: str, new: str, told: str) -> None:
    assert any(told in line for line in faults(changed(old, new)))


def test_a_long_wrong_value_is_not_repeated_whole() -> None:
    assert all(len(line) < 600 for line in faults(changed("<Size>1024", f"<Size>{'9' * 10_000}")))
