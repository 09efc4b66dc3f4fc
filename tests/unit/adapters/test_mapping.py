"""Field mapping: configuration decides where an element stands, and the validator says what does not fit."""

import pytest
from pydantic import Field

from exchange.adapters.manifest import described
from exchange.adapters.mapping import ExchangeFields, OfficeFields, check_fields, to_manifest, to_office
from exchange.errors import InputError
from exchange.settings import AdapterSettings, read_table
from tests.unit.adapters.offices import received


class Maps(AdapterSettings):
    receive: OfficeFields = Field(default={})
    send: ExchangeFields = Field(default={})


def maps(**tables: dict[str, object]) -> Maps:
    return read_table(Maps, tables, "offices.test")


def test_a_received_document_is_written_into_the_offices_fields() -> None:
    rules = maps(
        receive={
            "标题": "公文标题",
            "IssuerIdentification": "来文机关",
            "紧急程度": {"field": "缓急", "values": {"特急": "1"}, "otherwise": "0"},
            "文种": {"field": "文种编码", "values": {"08": "TZ"}},
            "交换编号": "编号",
            "附注": "附注",
        }
    ).receive
    item = received()
    assert to_office(described(item, {}), rules) == {
        "公文标题": "关于做好秋季森林防火工作的通知",
        "来文机关": "区政府办",
        "缓急": "0",
        "文种编码": "TZ",
        "编号": item.key.id,
        "附注": "",
    }


def test_a_document_to_send_is_read_from_the_offices_fields() -> None:
    rules = maps(
        send={
            "主送": "收文单位",
            "标题": "标题",
            "文种": {"field": "wz", "values": {"08": "TZ"}},
            "紧急程度": {"field": "缓急", "values": {"特急": "1"}, "otherwise": "0"},
            "签收时限小时": "时限",
            "需要反馈": "反馈",
        }
    ).send
    fields = {"收文单位": "各镇乡； 520304-001", "标题": " 通知 ", "wz": "TZ", "缓急": "0", "时限": "8", "反馈": "是"}
    assert to_manifest(fields, rules, {"operator": "罗文", "Title": "没有标题"}) == {
        "to": ["各镇乡", "520304-001"],
        "sign_within_hours": 8,
        "reply_required": True,
        "operator": "罗文",
        "metadata": {"Title": "通知", "DocumentType": "08"},
    }


def test_a_field_that_the_office_did_not_send_is_named() -> None:
    with pytest.raises(InputError, match="没有字段“标题”（Title）"):
        to_manifest({}, maps(send={"标题": "标题"}).send, {})


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"标提": "x"}, r"offices\.test: receive: .*no element is called '标提'"),
        ({"标题": "x", "Title": "y"}, "stands there twice"),
        ({"标题": {"feld": "x"}}, r"receive\.标题\.feld"),
    ],
)
def test_a_mapping_with_a_mistake_says_where(table: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        maps(receive=table)


def test_the_validator_names_each_field_that_the_form_lacks_and_what_it_has() -> None:
    rules = maps(receive={"标题": "公文标题", "发文字号": "文号"}).receive
    (misfit,) = check_fields("receive.fields", rules, {"公文标题", "来文字号"}, "formmain_0124")
    assert misfit.where == "receive.fields.IssuedNumber"
    assert "formmain_0124 没有字段“文号”" in misfit.found
    assert "来文字号" in misfit.cure
