"""`yidi hub certificates`: until when each unit, the hub and its servers have a certificate, the first to end first.

Not here: renewing them (`yidi node enroll` for a unit, `yidi hub tls` for the servers), whether one is believed
(`exchange.trust`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exchange.cli.doctor.checks import SOON
from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data, desk
from exchange.cli.output import local, show_json, show_table, stamp

if TYPE_CHECKING:
    from exchange.directory.snapshot import Directory, KeyEntry

__all__ = ["add_certificates_command"]

_SERVERS = ("hub.pem", "broker.pem", "ca.pem")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Certified:
    """`owner`: a unit's code, `hub`, or a file. `end`: None for a unit that has no key any more, or had none."""

    owner: str
    name: str
    fingerprint: str
    end: datetime | None


def add_certificates_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "各单位、中心及其服务器的证书有效至何时，先到期的在前",
            "until when units, the hub and its servers are certified, the first to end first",
        ),
        epilog="yidi hub certificates --within 60",
    )(certificates)


def certificates(
    data: Data = DEFAULT_DATA,
    within: Annotated[
        int | None,
        typer.Option(
            metavar="DAYS",
            min=0,
            max=36_500,
            help=both("只列这些天内到期的", "only those that end within so many days"),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.wiring.system import SystemClock

    now = SystemClock().now()
    with desk(data) as opened:
        found = [*_of_directory(opened.administration().administrator.current()), *_of_servers(data / "tls")]
    if within is not None:
        found = [one for one in found if one.end is not None and one.end <= now + timedelta(days=within)]
    # Who has none at all stands last: nothing is about to end there.
    found.sort(key=lambda one: (one.end is None, one.end, one.owner))
    if as_json:
        show_json(
            [
                {
                    "owner": one.owner,
                    "name": one.name,
                    "fingerprint": one.fingerprint or None,
                    "valid_to": stamp(one.end),
                    "state": _state(one, now)[1],
                }
                for one in found
            ]
        )
        return
    columns = [
        ("所有者", "owner"),
        ("名称", "name"),
        ("有效至", "good until"),
        ("剩余天数", "days left"),
        ("状态", "state"),
        ("指纹", "fingerprint"),
    ]
    rows = [
        (
            one.owner,
            one.name,
            local(one.end)[:10],
            "" if one.end is None else max(0, (one.end - now).days),
            say(*_state(one, now)),
            one.fingerprint[:16],
        )
        for one in found
    ]
    show_table(columns, rows)
    if not rows:
        print(say("没有将到期的证书", "none ends within that time"))


def _of_directory(directory: "Directory") -> Iterator[_Certified]:
    """Of each owner the key that lasts longest; units that left have none to mind."""
    yield _certified("hub", say("中心签名密钥", "the hub's signing key"), directory.hub_keys)
    for entry in directory.units:
        if entry.unit.active:
            yield _certified(entry.unit.code, entry.unit.name, entry.keys)


def _certified(owner: str, name: str, keys: "tuple[KeyEntry, ...]") -> _Certified:
    last = max((key for key in keys if key.revoked is None), key=lambda key: key.valid_to, default=None)
    if last is None:
        return _Certified(owner=owner, name=name, fingerprint="", end=None)
    return _Certified(owner=owner, name=name, fingerprint=last.fingerprint, end=last.valid_to)


def _of_servers(folder: Path) -> Iterator[_Certified]:
    from exchange.trust.servers import server_end

    names = (say("HTTP 服务器", "HTTP server"), "RabbitMQ", say("本县签发机构", "the county's authority"))
    for file, name in zip(_SERVERS, names, strict=True):
        if (folder / file).exists():
            yield _Certified(owner=file, name=name, fingerprint="", end=server_end((folder / file).read_bytes()))


def _state(one: _Certified, now: datetime) -> tuple[str, str]:
    if one.end is None:
        return "没有密钥", "none"
    if one.end <= now:
        return "已到期", "ended"
    return ("将到期", "ends soon") if one.end <= now + SOON else ("有效", "good")
