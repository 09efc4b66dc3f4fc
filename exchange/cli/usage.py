"""What is wrong with a command line, in Chinese. The parser says it in English, in a handful of sentences.

Limits: a sentence that is not known here stays English.
"""

import re
from typing import Final

__all__ = ["in_chinese"]

_SENTENCES: Final = (
    (r"No such command '(.+?)'\.", r"没有命令 \1"),
    (r"No such option: (\S+?)(?=\.?(?: |$))\.?", r"没有选项 \1"),
    (r"Missing option '--give-back'\.", "缺少选项 --give-back 或 --keep"),
    (r"Missing option '(--[\w-]+)'(?: / '.+?')?\.", r"缺少选项 \1"),
    (r"Missing argument '(.+?)'\.", r"缺少参数 \1"),
    (r"Option '(.+?)' requires an argument\.", r"选项 \1 需要一个值"),
    (r"Option '(.+?)' does not take a value\.", r"选项 \1 不带值"),
    (r"Got unexpected extra arguments?(?:\(s\))? \((.+)\)", r"多余的参数：\1"),
    (r"Invalid value for '(.+?)'(?: / '.+?')?(?: \(env var: '.+?'\))?: ", r"\1："),
    (r"Invalid value: ", ""),
    (r"not UTF-8: ", "不是 UTF-8 文字："),
    (r"(?:file|dir|path) '' (?:does not exist|is a directory)\.", "不能是空的"),
    (r"(?:file|dir|path) '(.+?)' does not exist\.", r"\1 不存在"),
    (r"file '(.+?)' is a directory\.", r"\1 是目录，不是文件"),
    (r"dir '(.+?)' is a file\.", r"\1 是文件，不是目录"),
    (r"(?:file|dir|path) '(.+?)' is not (?:read|writ)able\.", r"\1 不可读写"),
    (r"Input should be a valid integer.*", "应为整数"),
    (r"Unable to parse input string as an integer, exceeded maximum size", "数太大"),
    (r"Input should be a valid number.*", "应为数"),
    (r"Input should be a valid string, unable to parse raw data as a unicode string", "不是 UTF-8 文字"),
    (r"Input should be greater than or equal to (\S+)", r"至少 \1"),
    (r"Input should be less than or equal to (\S+)", r"至多 \1"),
    (r"(?:Value error, )?'(.*?)' is not one of (.+?)\.?$", r"“\1”不在其中：\2"),
    (r" ?Did you mean '?(.+?)'?\?$", r"，是否为 \1？"),
    (r" ?\(?Possible options: (.+?)\)?$", r"，是否为 \1？"),
)


def in_chinese(sentence: str) -> str:
    """The parser's sentence as an office reads it."""
    for english, chinese in _SENTENCES:
        sentence = re.sub(english, chinese, sentence)
    return sentence.replace("', '", "、")
