"""What people do with a document that has arrived: inbox, show, sign, reject, return, recall, remind, track."""

import re
from pathlib import Path

import pytest

from tests.unit.cli.commands import deliver, send, yidi

Delivered = tuple[Path, str]


def test_inbox_has_stable_keys(delivered: Delivered) -> None:
    data, document = delivered
    (one,) = yidi("inbox", "--unit", "乙镇", "--json", data=data).json

    assert set(one) == {
        *("id", "unit", "sender", "sender_name", "title", "urgent", "received", "sign_by"),
        *("state", "state_zh", "signed", "signed_by"),
    }
    assert (one["id"], one["sender_name"], one["state"], one["state_zh"]) == (document, "甲局", "UNSIGNED", "待签收")
    assert one["received"].endswith("+08:00")


def test_inbox_of_all_units_lists_each_copy(delivered: Delivered) -> None:
    data, _ = delivered

    assert len(yidi("inbox", "--json", data=data).json) == 2
    assert "待签收 UNSIGNED" in yidi("inbox", data=data).out


def test_show_saves_the_files_and_never_over_others(delivered: Delivered, tmp_path: Path) -> None:
    data, document = delivered
    shown = yidi("show", document[:8], "--unit", "乙镇", "--save", tmp_path / "saved", data=data)

    assert shown.code == 0
    assert (tmp_path / "saved" / "通知.txt").read_text(encoding="utf-8") == "请各镇做好防汛工作。\n"
    again = yidi("show", document, "--unit", "乙镇", "--save", tmp_path / "saved", data=data)
    assert again.code == 1
    assert again.err.startswith("错误 IO: ")


def test_show_has_stable_keys(delivered: Delivered) -> None:
    data, document = delivered
    shown = yidi("show", document, "--json", data=data).json

    assert set(shown) == {
        *("id", "sender", "sender_name", "title", "type", "type_zh", "number", "urgency", "created", "received"),
        *("sign_by", "content", "recipients", "files", "digest"),
    }
    assert set(shown["files"][0]) == {"role", "name", "size", "sha256"}


def test_signing_reaches_the_sender(delivered: Delivered) -> None:
    data, document = delivered
    signed = yidi("sign", document, "--unit", "乙镇", "--person", "李四", "--json", data=data)
    assert set(signed.json) == {"receipt", "event", "id", "unit", "at"}
    assert yidi("inbox", "--unit", "乙镇", "--open", "--json", data=data).json == []
    deliver(data)

    tracked = yidi("track", document, "--json", data=data).json
    assert (tracked["total"], tracked["delivered"], tracked["signed"], tracked["open"]) == (2, 2, 1, True)
    by_unit = {one["name"]: one for one in tracked["recipients"]}
    assert (by_unit["乙镇"]["business"], by_unit["乙镇"]["signed_by"]) == ("SIGNED", "李四")
    assert by_unit["丙镇"]["business"] == "UNSIGNED"


def test_track_has_stable_keys(delivered: Delivered) -> None:
    data, document = delivered
    tracked = yidi("track", document, "--json", data=data).json

    assert set(tracked) == {
        *("id", "sender", "title", "sent", "sign_by", "total", "delivered", "signed", "open", "recipients", "events"),
    }
    assert set(tracked["recipients"][0]) == {
        *("unit", "name", "role", "transport", "transport_zh", "business", "business_zh", "delivered", "signed"),
        *("signed_by", "first_read", "reminders", "reason", "text"),
    }
    assert set(tracked["events"][0]) == {
        *("at", "event", "event_zh", "recipient", "by", "person", "reason", "text", "attributes", "receipt"),
    }
    assert tracked["events"][0]["event"] == "ACCEPTED"


def test_track_shows_states_in_both_languages_and_how_many(delivered: Delivered) -> None:
    data, document = delivered
    shown = yidi("track", document[:6], data=data).out

    assert "已送达 DELIVERED 2/2" in shown
    assert "已签收 SIGNED 0/2" in shown
    assert "已受理 ACCEPTED" in shown


def test_track_without_an_id_lists_what_was_sent(delivered: Delivered) -> None:
    data, document = delivered
    (one,) = yidi("track", "--unit", "甲局", "--json", data=data).json

    assert set(one) == {"id", "sender", "sender_name", "title", "sent", "total", "delivered", "signed"}
    assert (one["id"], one["delivered"], one["total"]) == (document, 2, 2)


def test_signing_twice_is_refused_with_who_signed(delivered: Delivered) -> None:
    data, document = delivered
    yidi("sign", document, "--unit", "乙镇", "--person", "李四", data=data)
    again = yidi("sign", document, "--unit", "乙镇", "--person", "王五", data=data)

    assert again.code == 1
    assert again.err.startswith("错误 STATE: ")
    assert "李四" in again.err


def test_a_document_in_several_inboxes_needs_the_unit(delivered: Delivered) -> None:
    data, document = delivered
    result = yidi("sign", document, "--person", "李四", data=data)

    assert result.code == 1
    assert result.err.startswith("错误 AMBIGUOUS: ")
    assert "520304-002, 520304-003" in result.err


def test_an_unknown_id_says_where_to_look(delivered: Delivered) -> None:
    data, _ = delivered
    result = yidi("sign", "ffffffff", "--person", "李四", data=data)

    assert result.err.startswith("错误 NOT_FOUND: ")
    assert "yidi inbox" in result.err


def test_a_rejection_needs_a_reason_and_reaches_the_sender(delivered: Delivered) -> None:
    data, document = delivered
    assert yidi("reject", document, "-u", "乙镇", "-p", "李四", data=data).code == 2
    assert yidi("reject", document, "-u", "乙镇", "-p", "李四", "--reason", "BORED", "--text", "x", data=data).code == 2
    empty = yidi("reject", document, "-u", "乙镇", "-p", "李四", "--reason", "WRONG_UNIT", "--text", " ", data=data)
    assert empty.err.startswith("错误 REASON_REQUIRED: ")
    done = yidi("reject", document, "-u", "乙镇", "-p", "李四", "--reason", "WRONG_UNIT", "--text", "非本镇", data=data)
    assert done.code == 0
    deliver(data)

    (one,) = [r for r in yidi("track", document, "--json", data=data).json["recipients"] if r["name"] == "乙镇"]
    assert (one["business"], one["reason"], one["text"]) == ("REJECTED", "WRONG_UNIT", "非本镇")


def test_a_document_is_sent_back_only_after_signing(delivered: Delivered) -> None:
    data, document = delivered
    back = ("return", document, "-u", "乙镇", "-p", "李四", "--reason", "INCOMPLETE", "--text", "缺附件")
    assert yidi(*back, data=data).err.startswith("错误 STATE: ")
    yidi("sign", document, "-u", "乙镇", "-p", "李四", data=data)

    assert "退文 RETURNED" in yidi(*back, data=data).out


def test_a_recall_takes_unsigned_copies_back_and_asks_for_signed_ones(delivered: Delivered) -> None:
    data, document = delivered
    yidi("sign", document, "-u", "乙镇", "-p", "李四", data=data)
    recalled = yidi("recall", document, "-p", "张三", "--text", "附件有误", "--json", data=data)
    assert set(recalled.json) == {"id", "receipts", "units"}
    deliver(data)
    states = {one["name"]: one["business"] for one in yidi("track", document, "--json", data=data).json["recipients"]}
    assert states == {"乙镇": "SIGNED", "丙镇": "RECALLED"}

    kept = yidi("answer-recall", document, "-u", "乙镇", "-p", "李四", "--keep", "--text", "已办理", data=data)
    assert kept.code == 0
    deliver(data)
    assert "撤回被拒" in yidi("track", document, data=data).out


def test_reminding_goes_to_whoever_has_not_signed(delivered: Delivered) -> None:
    data, document = delivered
    yidi("sign", document, "-u", "乙镇", "-p", "李四", data=data)
    deliver(data)
    assert yidi("remind", document, "-p", "张三", "--json", data=data).json == {"units": ["520304-003"]}

    yidi("sign", document, "-u", "丙镇", "-p", "赵六", data=data)
    deliver(data)
    assert yidi("remind", document, "-p", "张三", data=data).err.startswith("错误 STATE: ")


def test_feedback_follows_signing(delivered: Delivered) -> None:
    data, document = delivered
    yidi("sign", document, "-u", "乙镇", "-p", "李四", data=data)

    assert (
        "已反馈 FEEDBACK" in yidi("feedback", document, "-u", "乙镇", "-p", "李四", "--text", "已办结", data=data).out
    )


def test_watching_ends_when_nothing_is_expected_any_more(delivered: Delivered) -> None:
    data, document = delivered
    for unit in ("乙镇", "丙镇"):
        yidi("sign", document, "-u", unit, "-p", "李四", data=data)
    deliver(data)

    assert "已签收 SIGNED 2/2" in yidi("track", document, "--watch", data=data).out


@pytest.mark.parametrize("command", ["track", "show"])
def test_the_beginning_of_an_id_must_mean_one_document(data: Path, command: str) -> None:
    for _ in range(17):  # of seventeen ids two begin with the same digit
        send(data)
    same = [one["id"] for one in yidi("track", "--json", data=data).json]
    digit = next(d for d in "0123456789abcdef" if sum(i.startswith(d) for i in same) > 1)
    result = yidi(command, digit, data=data)

    assert result.code == 1
    assert result.err.startswith("错误 AMBIGUOUS: ")


def test_track_says_when_and_how_to_send_again_what_was_over_quota(data: Path) -> None:
    with (data / "yidi.toml").open("a", encoding="utf-8") as settings:
        settings.write('[quota]\ndocuments_per_day_of = {"520304-001" = 0}\n')
    document = send(data, "--to", "丙镇")
    deliver(data)
    result = yidi("track", document, data=data)

    assert re.search(
        r"^超出每日发文限额，未受理。\d{4}-\d\d-\d\d 00:00 起请用 yidi send 重新发送", result.out, re.MULTILINE
    )
    assert len(re.findall("不予受理 REFUSED\t.*\tQUOTA$", result.out, re.MULTILINE)) == 2
    assert "send it anew with yidi send" in yidi("track", document, "--lang", "en", data=data).out
    (event,) = yidi("track", document, "--json", data=data).json["events"]
    assert (event["event"], event["reason"]) == ("REFUSED", "QUOTA")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT16:00:00\.000Z", event["attributes"]["until"])
