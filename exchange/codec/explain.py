"""Every fault of a document, for a person who must mend it: line, place and rule, Chinese first.

For tools and error pages alone. Nothing is decided here: `parse_signed` stops at the first fault and is the judge.
"""

import re
from collections.abc import Callable

from exchange.codec import carry, directory, envelope, receipt
from exchange.codec.guard import check_root, parse
from exchange.codec.kind import DocumentKind
from exchange.codec.schema import Fault, faults
from exchange.codec.shape import read_shape
from exchange.errors import YidiError

__all__ = ["explain"]

_DECODERS: dict[DocumentKind, Callable[[bytes], object]] = {
    DocumentKind.ENVELOPE: envelope.decode,
    DocumentKind.RECEIPT: receipt.decode,
    DocumentKind.DIRECTORY: directory.decode,
    DocumentKind.CARRY: carry.decode,
}
_NAMES = {
    "Exchange": "交换信息",
    "Metadata": "元数据",
    "Content": "正文",
    "Manifest": "文件清单",
    "File": "文件",
    "Extensions": "扩展",
    "EnvelopeId": "信封编号",
    "Hub": "交换中心",
    "Kind": "业务种类",
    "Sender": "发送单位",
    "Recipients": "接收单位",
    "Recipient": "接收单位",
    "Groups": "群组",
    "Created": "创建时间",
    "SignBy": "签收期限",
    "HandleBy": "办理期限",
    "ReplyRequired": "是否要求反馈",
    "Declaration": "不涉密声明",
    "Operator": "经办人",
    "DocumentIdentifier": "公文标识",
    "DocumentType": "文种",
    "SerialNumberOfCopies": "份号",
    "SecurityClass": "密级",
    "SecrecyPeriod": "保密期限",
    "EmergencyDegree": "紧急程度",
    "IssuerIdentification": "发文机关标志",
    "IssuedNumber": "发文字号",
    "Signer": "签发人",
    "Title": "标题",
    "MainReceivers": "主送机关",
    "AttachmentNotes": "附件说明",
    "IssuerSignatures": "发文机关署名",
    "IssuedDate": "成文日期",
    "Annotation": "附注",
    "CopyReceivers": "抄送机关",
    "PrintingDepartment": "印发机关",
    "PrintingDate": "印发日期",
    "ReleaseLevel": "发布层次",
    "Event": "事件",
    "Actor": "行为人",
    "Subject": "所指公文",
    "Reason": "原因",
    "Unit": "单位",
    "Units": "单位",
    "Key": "密钥",
    "Signature": "签名",
}
# libxml2's sentences, so that the person who mends the document need not read them.
_RULES = (
    (r"This element is not expected\. Expected is (?:one of )?\( ?(.*?) ?\)\.", r"此处不应有此元素，应为：\1"),
    (r"This element is not expected\.", r"此处不应有此元素"),
    (r"Missing child element\(s\)\. Expected is (?:one of )?\( ?(.*?) ?\)\.", r"缺少元素：\1"),
    (r"The value (.*) is not accepted by the pattern (.*)\.", r"\1 不符合格式 \2"),
    (r"The value (.*) is not an element of the set (.*)\.", r"\1 不在允许的取值之内：\2"),
    (r"The value has a length of (.*); this exceeds the allowed maximum length of (.*)\.", r"长 \1，最多 \2"),
    (r"The value has a length of (.*); this underruns the allowed minimum length of .*\.", r"不能为空"),
    (r"attribute \S+: The attribute (.*) is not allowed\.", r"不应有属性 \1"),
    (r"The attribute (.*) is required but missing\.", r"缺少属性 \1"),
    (r"Character content other than whitespace is not allowed.*", r"元素之间不应有文字"),
    (r"Element content is not allowed.*", r"此处只能是文字，不应有元素"),
)


def explain(data: bytes, kind: DocumentKind) -> list[str]:
    """One sentence per fault, in document order, a hundred at most; none when shape and schema are right."""
    try:
        root = parse(data, kind)
        check_root(root, kind)
    except YidiError as error:
        return [f"{error.code}：{error.message}"]
    found = [_sentence(fault) for fault in faults(root, kind)]
    checks: list[Callable[[], object]] = [lambda: read_shape(data, root)]
    if not found:
        # what a schema cannot say; the signature among the root's children is passed over
        checks.append(lambda: _DECODERS[kind](data))
    for check in checks:
        try:
            check()
        except YidiError as error:
            found.append(f"{error.code}：{error.message}")
    return list(dict.fromkeys(found))


def _sentence(fault: Fault) -> str:
    name = _NAMES.get(re.sub(r"\[\d+\]$", "", fault.path.rpartition("/")[2]))
    place = f"{fault.path}（{name}）" if name else fault.path
    rule = fault.rule
    for english, chinese in _RULES:
        rule = re.sub(english, chinese, rule)
    return f"第 {fault.line} 行 {place}：{rule}"
