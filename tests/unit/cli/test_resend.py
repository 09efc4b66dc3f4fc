"""`yidi hub resend`."""

from pathlib import Path

from tests.unit.cli.commands import deliver, yidi


def test_a_document_is_dispatched_again_by_an_operator_with_a_reason(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    left = yidi("hub", "resend", document[:8], "--reason", "来电未收到", "--json", data=data)
    assert [(one["unit"], one["outcome"]) for one in left.json] == [
        ("520304-002", "delivered"),
        ("520304-003", "delivered"),
    ]
    done = yidi("hub", "resend", document, "--to", "乙镇", "--reason", "硬盘损坏", "--operator", "王芳", data=data)
    assert "520304-002\t乙镇\t再投一次" in done.out
    act, *_ = yidi("hub", "acts", "--json", data=data).json
    assert (act["verb"], act["outcome"], act["operator"]) == ("resend", "again", "王芳")
    assert act["target"].endswith(f"{document} -> 520304-002")
    deliver(data)
    assert yidi("inbox", "--unit", "乙镇", "--json", data=data).json[0]["id"] == document


def test_whom_it_does_not_concern_and_what_is_not_there_are_refused(delivered: tuple[Path, str]) -> None:
    data, document = delivered
    foreign = yidi("hub", "resend", document, "--to", "丁办", "--reason", "x", data=data)
    unknown = yidi("hub", "resend", "ffff", "--reason", "x", data=data)

    assert (foreign.code, "WRONG_UNIT" in foreign.err) == (1, True)
    assert (unknown.code, "NOT_FOUND" in unknown.err) == (1, True)
    verbs = {act["verb"] for act in yidi("hub", "acts", "--json", data=data).json}
    assert verbs == {"enroll", "units import"}, "only how the exchange was founded"
