"""What the secrecy gate refuses, holds and lets through."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.model.document import DocumentType, Metadata
from exchange.ports.text import NOT_LOOKED_AT
from exchange.services.secrecy.rules import Decision, Rule, Verdict, inspect, normalise

METADATA = Metadata(
    document_identifier="2.16.156.1-001-2026-08-000012-A",
    document_type=DocumentType.NOTICE,
    title="关于做好秋季森林防火工作的通知",
    issuer_identification=("播州区人民政府办公室",),
    issuer_signatures=("播州区人民政府办公室",),
    issued_date=date(2026, 11, 3),
    issued_number="播府办发〔2026〕12号",
)
BODY = [
    "播州区人民政府办公室文件",
    "播府办发〔2026〕12号",
    "各镇乡人民政府：",
    "一、压实责任。",
    "二、严管火源。",
    "三、备足物资。",
]


def of_text(*lines: str) -> Verdict:
    return inspect(METADATA, "\n".join(lines), [], [])


def of_file(*lines: str) -> Verdict:
    return inspect(METADATA, None, ["通知.txt"], [list(lines)])


def of_name(name: str) -> Verdict:
    return inspect(METADATA, None, [name], [NOT_LOOKED_AT])


def of_title(title: str) -> Verdict:
    return inspect(replace(METADATA, title=title), None, [], [])


MARKS = [
    "机密★1年",
    "秘密★",
    "绝密★长期",
    "机密★十年",
    "秘密★6个月",
    "机密☆3年",
    "机密⭐",
    "机密✭5年",
    "秘密＊1年",
    "秘密*1年",
    "机　密★1　年",
    "机 密",
    "机｜密★",
    "机|密",
    "机·密★1年",
    "机-密★1年",
    "機密★1年",
    "絕密★",
    "机\u200b密\u200d★1年",
    "机\ufeff密★",
    "机\u00ad密★★",
    "机密★\ufe0f1年",
    "密级：机密",
    "密 级： 秘 密",
    "密级:绝密★长期",
    "【密级】机密",
    "密级 — 秘密",
    "涉密等级：机密",
    "保密级别：秘密",
    "【机密】关于报送有关情况的报告",
    "〔秘密〕",
    "(机密)",
    "机密级",
    "秘密 1年",
    "绝密件",
    "000012 机密★1年",
    "份号：000012　　秘密★1年　　特急",
    "ＭＩ 机密★1年",
]

PROSE = [
    "关于举办保密知识培训班的通知",
    "关于开展2026年度保密宣传月活动的通知",
    "国家秘密分为绝密、机密、秘密三级。",
    "不得使用非涉密计算机处理机密文件。",
    "要严守国家秘密和工作秘密，严禁泄露商业秘密。",
    "学习《中华人民共和国保守国家秘密法》",
    "区国家保密局",
    "请各单位核对密级标志是否齐全。",
    "密级：无",
    "密级：非密",
    "本件不涉密，可公开。",
    "该同志的身份证号码等个人隐私应当保密",
    "五星级★★★★★酒店防火检查名单",
    "机要文件交换站",
    "随机密码由系统生成",
    "密钥与密码管理",
    "时机密切关注",
]


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_in_the_head_refuses(mark: str) -> None:
    for verdict in (of_text(mark, *BODY), of_file(mark, *BODY), of_file(*BODY[:5], mark, "完")):
        assert verdict.decision is Decision.REFUSE
        assert [finding.rule for finding in verdict.reasons] == [Rule.MARK_AT_HEAD]


@pytest.mark.parametrize("mark", MARKS)
def test_the_same_mark_deep_in_the_body_waits_for_a_person(mark: str) -> None:
    verdict = of_file(*BODY, mark)
    assert verdict.decision is Decision.HOLD
    assert [(finding.rule, finding.position) for finding in verdict.reasons] == [(Rule.MARK_IN_BODY, 7)]


@pytest.mark.parametrize("line", PROSE)
def test_prose_about_secrecy_passes_wherever_it_stands(line: str) -> None:
    for verdict in (of_text(line, *BODY), of_file(*BODY, line), of_title(line)):
        assert verdict.decision is Decision.PASS


def test_bare_words_are_reported_once_for_each_text() -> None:
    line = "国家秘密分为绝密、机密、秘密三级。"
    verdict = inspect(METADATA, f"{line}\n{line}", ["a.txt", "b.txt"], [[*BODY, line, line], [line]])
    assert [str(finding) for finding in verdict.findings] == [
        "WORD_IN_PROSE content:1",
        "WORD_IN_PROSE files[0]:7",
        "WORD_IN_PROSE files[1]:1",
    ]


@pytest.mark.parametrize("value", ["秘密", "机密", "绝密", "机密★1年", "内部", "公开", "秘 密", "secret"])
@pytest.mark.parametrize("field", ["security_class", "secrecy_period"])
def test_any_level_in_the_metadata_refuses(field: str, value: str) -> None:
    verdict = inspect(replace(METADATA, **{field: value}), None, [], [])  # type: ignore[arg-type]  # field by name
    assert verdict.decision is Decision.REFUSE
    assert [(finding.rule, finding.place) for finding in verdict.findings] == [
        (Rule.LEVEL_DECLARED, f"metadata.{field}")
    ]


@pytest.mark.parametrize("value", ["无", "非密", "非 密", "　无　"])
def test_a_document_said_to_be_open_passes(value: str) -> None:
    assert inspect(replace(METADATA, security_class=value), None, [], []) == Verdict(Decision.PASS)


def test_a_copy_number_alone_waits_for_a_person() -> None:
    verdict = inspect(replace(METADATA, serial_number_of_copies="000012"), None, [], [])
    assert verdict.decision is Decision.HOLD
    assert of_file("000012", *BODY).decision is Decision.HOLD
    assert of_file("份号：000012", *BODY).decision is Decision.HOLD
    assert of_file(*BODY, "000012").decision is Decision.PASS


@pytest.mark.parametrize(
    "name",
    [
        "机密★关于XX的报告.pdf",
        "【秘密】名单.xlsx",
        "(机 密)附件1.docx",
        "［绝密］.ofd",
        "机密.docx",
        "报告（机密）.pdf",
        "密级_秘密_方案.doc",
    ],
)
def test_a_mark_in_a_file_name_refuses(name: str) -> None:
    verdict = of_name(name)
    assert verdict.decision is Decision.REFUSE
    assert [(finding.rule, finding.place) for finding in verdict.reasons] == [(Rule.MARK_IN_NAME, "files[0].name")]


def test_a_level_that_opens_a_file_name_waits_for_a_person() -> None:
    assert of_name("机密-抢险预案.pdf").decision is Decision.HOLD
    assert of_name("秘密_名单.xls").decision is Decision.HOLD


@pytest.mark.parametrize(
    "name",
    [
        "机密文件管理办法.docx",
        "保密培训签到表.xlsx",
        "国家秘密定密管理规定解读.pdf",
        "通知.pdf",
        "随机密码.txt",
    ],
)
def test_file_names_that_only_speak_of_secrecy_pass(name: str) -> None:
    assert of_name(name).decision is Decision.PASS


def test_marks_in_other_printed_elements_refuse() -> None:
    for changed in (
        replace(METADATA, annotation="机密★1年"),
        replace(METADATA, attachment_notes=("名单", "秘密★方案")),
        replace(METADATA, title="机密★关于报送有关情况的报告"),
        replace(METADATA, issuer_identification=("秘密★1年",)),
    ):
        assert inspect(changed, None, [], []).decision is Decision.REFUSE


def test_a_file_that_cannot_be_read_waits_and_one_nobody_reads_passes_with_a_note() -> None:
    unread = inspect(METADATA, None, ["a.txt"], [None])
    assert (unread.decision, [f.rule for f in unread.findings]) == (Decision.HOLD, [Rule.UNREADABLE])
    unseen = inspect(METADATA, None, ["a.pdf"], [NOT_LOOKED_AT])
    assert (unseen.decision, [f.rule for f in unseen.findings]) == (Decision.PASS, [Rule.NOT_LOOKED_AT])


def test_every_file_must_come_with_its_text() -> None:
    with pytest.raises(ValueError, match="zip"):
        inspect(METADATA, None, ["a.txt", "b.txt"], [[]])


def test_blank_lines_do_not_push_a_mark_out_of_the_head() -> None:
    verdict = of_file(*[" \u3000\u200b"] * 40, "机密★1年", *BODY)
    assert [str(finding) for finding in verdict.findings] == ["MARK_AT_HEAD files[0]:41"]


def test_a_mark_set_in_a_column_is_one_mark() -> None:
    verdict = of_file("机", "密", "★", "1", "年", *BODY)
    assert [str(finding) for finding in verdict.reasons] == ["MARK_AT_HEAD files[0]:1"]
    assert of_file(*BODY, "秘", "密", "★").decision is Decision.HOLD


def test_the_gravest_finding_decides_and_review_lifts_only_a_hold() -> None:
    held = of_file(*BODY, "机密★1年")
    assert held.stops(reviewed=False)
    assert not held.stops(reviewed=True)
    refused = inspect(METADATA, "机密★1年", ["a.txt"], [None])
    assert refused.decision is Decision.REFUSE
    assert refused.stops(reviewed=True)
    assert not of_file(*BODY).stops(reviewed=False)


def test_a_finding_never_holds_the_text() -> None:
    secret = "密级：机密★1年 青龙行动方案"
    verdict = inspect(replace(METADATA, security_class=secret), secret, [f"{secret}.txt"], [[secret]])
    shown = repr(verdict) + "".join(str(f) + f.chinese for f in verdict.findings)
    assert "青龙" not in shown
    assert "1年" not in shown
    assert {finding.place for finding in verdict.findings} == {
        "metadata.security_class",
        "content",
        "files[0].name",
        "files[0]",
    }


INVISIBLE = st.text(
    alphabet=" \t\u3000\u00a0\u2002\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u2800\u3164\u0300\ufe0f",
    max_size=4,
)


@given(
    level=st.sampled_from(["绝密", "机密", "秘密", "機密", "祕密"]),
    star=st.sampled_from("★☆⭐✭✮✯✩*＊⋆∗٭🌟"),
    term=st.sampled_from(["", "1年", "１０年", "长期", "三年"]),
    gaps=st.lists(INVISIBLE, min_size=8, max_size=8),
)
def test_no_spacing_and_no_star_hides_a_mark(level: str, star: str, term: str, gaps: list[str]) -> None:
    glyphs = [*level, star, *term]
    line = "".join(gap + glyph for gap, glyph in zip(gaps, glyphs, strict=False)) + gaps[-1]
    assert of_file(line, *BODY).decision is Decision.REFUSE
    assert of_file(*BODY, line).decision is Decision.HOLD


@given(st.text(max_size=60))
def test_any_text_at_all_gets_a_verdict(line: str) -> None:
    assert normalise(normalise(line)) == normalise(line)
    verdict = of_file(line)
    assert verdict.decision is not Decision.PASS or "密★" not in normalise(line)
