"""Checks of what a node must reach, name by name and port by port, and of a store of files.

Not here: what answers there (`checks_hub`, `checks_node`, `checks_servers`).
"""

import os
import socket
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from exchange.cli.doctor.checks import Finding, failure, fine, warning
from exchange.cli.language import say
from exchange.cli.trouble import trouble

__all__ = ["file_store", "reach"]

_PORTS = {"http": 80, "https": 443, "amqp": 5672, "amqps": 5671}
_SECONDS = 5.0


def reach(urls: Iterable[str], *, seconds: float = _SECONDS) -> Iterator[Finding]:
    """Whether each host has an address, and a port there is open: what is said of TLS and logins rests on both."""
    for url in urls:
        parts = urlsplit(url)
        try:
            host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            host, port = "", 0
        if not host or not port:
            cure = say("在设置中改正", "mend it in the settings")
            yield failure("names", say(f"不是地址：{_bare(url)}", f"no address: {_bare(url)}"), cure)
            continue
        yield from _reach(host, port, seconds)


def _bare(url: str) -> str:
    """Without what may be a password."""
    return url.rpartition("@")[2]


def _reach(host: str, port: int, seconds: float) -> Iterator[Finding]:
    try:
        found = sorted({str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except (OSError, UnicodeError) as error:
        cure = say(
            f"请管理员在 DNS 或 /etc/hosts 中加上 {host}；查看 /etc/resolv.conf",
            f"have {host} added to DNS or /etc/hosts; look at /etc/resolv.conf",
        )
        yield failure("names", say(f"{host} 解析不到", f"{host} has no address: {error}"), cure)
        return
    yield fine("names", f"{host} → {', '.join(found[:3])}")
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        cure = say(
            f"防火墙与线路：从本机 nc -vz {host} {port}；对方程序是否在运行",
            f"firewall and line: nc -vz {host} {port} from here; does the program there run?",
        )
        closed = say(f"{host}:{port} 连不上：{trouble(error)}", f"{host}:{port} cannot be reached: {trouble(error)}")
        yield failure("ports", closed, cure)
    else:
        yield fine("ports", f"{host}:{port}")


def file_store(folder: Path, who: str) -> Iterator[Finding]:
    """Whether it takes a file and gives it back, and whether files in it went bad. What it writes goes at once. `who`:
    hub or node."""
    if not folder.exists():
        yield fine("files", say(f"{who} 还没有文件", f"{who}: no files yet"))
        return
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
            file.write(b"yidi")
            file.flush()
            os.fsync(file.fileno())
            same = Path(file.name).read_bytes() == b"yidi"
    except OSError as error:
        found = say(f"{folder} 写不了：{trouble(error)}", f"{folder} cannot be written: {trouble(error)}")
        cure = say("检查属主、权限与磁盘：是否只读或已满", "owner, mode and disk: is it read-only or full?")
        yield failure("files", found, cure)
        return
    if not same:
        found = say(f"{folder} 读回的与写入的不同", f"{folder} gives back other bytes than it took")
        yield failure("files", found, say("停止运行，检查磁盘", "stop, and look at the disk"))
        return
    bad = [path for path in (folder / "corrupt").glob("*") if path.suffix != ".txt"]
    if bad:
        found = say(f"{who} 有 {len(bad)} 个文件损坏，已移开", f"{who}: {len(bad)} files went bad and were set aside")
        cure = say(
            f"检查磁盘（smartctl）；缺的会自动重取；原因见 {folder / 'corrupt'}",
            f"look at the disk (smartctl); what is missing is fetched again; reasons are in {folder / 'corrupt'}",
        )
        yield warning("files", found, cure)
    else:
        yield fine("files", say(f"{who} 的文件可写可读", f"{who}: files are written and read"))
