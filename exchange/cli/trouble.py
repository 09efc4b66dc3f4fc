"""What the operating system says of a file, a folder or a port, in the reader's language.

Limits: an errno that is not known here stays English.
"""

import errno
from typing import Final

from exchange.cli.language import say

__all__ = ["trouble"]

_WORDS: Final = {
    errno.EACCES: "没有权限",
    errno.EADDRINUSE: "端口已被占用",
    errno.EADDRNOTAVAIL: "本机没有这个地址",
    errno.ECONNREFUSED: "没有程序在听",
    errno.EDQUOT: "磁盘配额已用完",
    errno.EEXIST: "已经存在",
    errno.EFBIG: "文件过大",
    errno.EHOSTUNREACH: "网络不通",
    errno.EIO: "读写出错",
    errno.EISDIR: "是目录，不是文件",
    errno.EMFILE: "打开的文件过多",
    errno.ENAMETOOLONG: "名称过长",
    errno.ENETUNREACH: "网络不通",
    errno.ENOENT: "没有这个文件或目录",
    errno.ENOSPC: "磁盘已满",
    errno.ENOTDIR: "不是目录",
    errno.ENOTEMPTY: "目录不是空的",
    errno.EPERM: "不允许",
    errno.EROFS: "磁盘只读",
    errno.ETIMEDOUT: "没有应答",
}


def trouble(error: OSError) -> str:
    english = error.strerror or str(error)
    number = errno.ETIMEDOUT if isinstance(error, TimeoutError) else error.errno
    return say(_WORDS.get(number or 0, english), english)
