"""`yidi hub tls`: the certificates of the hub's servers, renewed by the county's authority or brought from another."""

from pathlib import Path
from typing import Annotated

import typer

from exchange.cli.language import both, say
from exchange.cli.opened import DEFAULT_DATA, AsJson, Data
from exchange.cli.output import local, show_json, show_table, stamp

__all__ = ["add_tls_command"]


def add_tls_command(application: typer.Typer) -> None:
    application.command(
        help=both(
            "交换中心与 RabbitMQ 的服务器证书：查看、续签，或换用其他机构签发的",
            "certificates of the hub's HTTP and of RabbitMQ: show, renew, or bring those of another authority",
        ),
        epilog="yidi hub tls --data /var/lib/yidi\n\nyidi hub tls --renew --data /var/lib/yidi\n\n"
        "yidi hub tls --certificate county.pem --key county.key --ca county-ca.pem --data /var/lib/yidi",
    )(tls)


def tls(
    data: Data = DEFAULT_DATA,
    renew: Annotated[bool, typer.Option("--renew", help=both("由本县签发机构续签", "issue new ones here"))] = False,
    certificate: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help=both("其他机构签发的证书（PEM）", "of another authority (PEM)")),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help=both("其密钥（PEM，无口令）", "its key (PEM, plain)")),
    ] = None,
    ca_file: Annotated[
        Path | None,
        typer.Option("--ca", exists=True, dir_okay=False, help=both("该机构的证书（PEM）", "that authority's (PEM)")),
    ] = None,
    as_json: AsJson = False,
) -> None:
    from exchange.wiring.places import HubPlace
    from exchange.wiring.system import SystemClock
    from exchange.wiring.tls import install_tls, renew_tls

    if (certificate is None) != (key is None) or (ca_file is not None and certificate is None):
        raise typer.BadParameter(say("--certificate 与 --key 须同时给出", "give both --certificate and --key"))
    if renew and certificate is not None:
        raise typer.BadParameter(say("--renew 与 --certificate 只能取一", "either --renew or --certificate"))
    place, now = HubPlace.open(data), SystemClock().now()
    if renew:
        renew_tls(place, now)
    elif certificate is not None and key is not None:
        ca = ca_file.read_bytes() if ca_file else None
        install_tls(place, certificate.read_bytes(), key.read_bytes(), ca, now)
    _show(data / "tls", as_json=as_json)
    if (renew or certificate is not None) and not as_json:
        _next(data, changed_authority=ca_file is not None)


def _show(folder: Path, *, as_json: bool) -> None:
    from exchange.trust.servers import server_end

    ends = {name: server_end((folder / name).read_bytes()) for name in ("hub.pem", "broker.pem", "ca.pem")}
    if as_json:
        show_json([{"file": name, "valid_to": stamp(end)} for name, end in ends.items()])
        return
    columns = [("证书", "certificate"), ("有效至", "good until")]
    show_table(columns, [(folder / name, local(end)) for name, end in ends.items()])


def _next(data: Path, *, changed_authority: bool) -> None:
    folder = data.absolute() / "tls"
    print(say("下一步：", "next:"))
    if changed_authority:
        print(
            say(
                f"1. 先把 {folder / 'ca.pem'} 发给每个节点，替换其 ca.pem 并重启节点：它同时信任新旧两家",
                f"1. first give {folder / 'ca.pem'} to every node as its ca.pem and restart it: it trusts both",
            )
        )
    print(say("· 重启 yidi hub run（systemctl restart）", "- start yidi hub run again (systemctl restart)"))
    print(
        say("· RabbitMQ：若设置指向副本，先复制", "- RabbitMQ: if its settings name copies, copy first"),
        f"sudo install -o rabbitmq -g rabbitmq -m 600 {folder}/{{clients.pem,broker.pem,broker.key}} "
        "/etc/rabbitmq/yidi/",
    )
    print(
        say("· 再让它重读，已有连接不断：", "- then let it read them again; connections stay:"),
        "sudo rabbitmqctl eval 'ssl:clear_pem_cache().'",
    )
