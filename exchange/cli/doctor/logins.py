"""Findings about logging in at RabbitMQ, the hub's workers and the units of a node: why not, and what helps.

Not here: whether they get in (`exchange.transport.rabbitmq`), the server itself (`doctor.servers`).
"""

from exchange.cli.doctor.checks import Finding, failure
from exchange.cli.language import say
from exchange.model.unit import UnitCode
from exchange.transport.rabbit_survey import LoginTrouble, login_trouble

__all__ = ["hub_kept_out", "unit_kept_out"]

_WORDS = {
    LoginTrouble.NOBODY: ("没有应答", "nothing answers"),
    LoginTrouble.NAME: ("域名解析不到", "its name is not known"),
    LoginTrouble.TLS: ("TLS 证书不被信任", "a certificate is not trusted"),
    LoginTrouble.ACCOUNT: ("账号、口令或证书被拒绝", "account, password or certificate refused"),
    LoginTrouble.FULL: ("连接已用满", "no connection left for it"),
}


def hub_kept_out(detail: str, provision: str) -> Finding:
    """`detail`: in RabbitMQ's words, or the system's. `provision`: the command that puts accounts in order."""
    found = say("交换中心的账号登录不了 RabbitMQ：", "the hub's account does not get in at RabbitMQ: ") + _why(detail)
    match login_trouble(detail):
        case LoginTrouble.NOBODY | LoginTrouble.NAME:
            cure = say(
                "RabbitMQ 是否在运行（sudo systemctl start rabbitmq-server）？hub.toml 的 rabbit.urls 是否写对？"
                "公文不会丢",
                "does RabbitMQ run (sudo systemctl start rabbitmq-server)? Is rabbit.urls of hub.toml right? "
                "No document is lost",
            )
        case LoginTrouble.TLS:
            cure = say("核对 RabbitMQ 的证书与 rabbit.ca_file：", "RabbitMQ's certificate, rabbit.ca_file: ")
            cure += "yidi hub tls"
        case LoginTrouble.FULL:
            cure = _let_go("yidi-hub")
        case _:
            cure = provision
    return failure("account", found, cure)


def unit_kept_out(unit: UnitCode, detail: str) -> Finding:
    found = say(f"{unit} 登录不了 RabbitMQ：", f"{unit} does not get in at RabbitMQ: ") + _why(detail)
    match login_trouble(detail):
        case LoginTrouble.NOBODY | LoginTrouble.NAME:
            cure = say(
                "核对 broker.url 与防火墙；请交换中心看 RabbitMQ 是否在运行。所发公文留在本机，接通后自动发出",
                "broker.url, the firewall; does RabbitMQ run at the hub? What is sent stays here until it is back",
            )
        case LoginTrouble.TLS:
            cure = say(
                "向交换中心索取新的 tls/ca.pem；本单位密钥是否过期？",
                "ask the hub for its new tls/ca.pem; did this unit's key end?",
            )
        case LoginTrouble.FULL:  # its account is well, and so is its certificate
            cure = say(
                "节点刚被强行终止时，等一分钟：RabbitMQ 会放掉旧连接；仍然如此，是否另有一个节点在用这个单位的证书？",
                "if its node was just killed, wait a minute: RabbitMQ lets stale connections go. If it stays so, does "
                "another node use this unit's certificate? ",
            ) + _let_go(unit)
        case _:
            cure = say(
                "在交换中心查看该单位是否停用、密钥是否作废，再执行 yidi hub provision",
                "is the unit closed or its key revoked at the hub? Then yidi hub provision there",
            )
    return failure("broker", found, cure)


def _why(detail: str) -> str:
    """What nobody has words for, and whoever reads English, gets it as it was said."""
    chinese, english = _WORDS.get(login_trouble(detail), ("", ""))
    return say(chinese, f"{english} ({detail})") if chinese else detail


def _let_go(user: str) -> str:
    return say(
        f"在交换中心可立即放掉：rabbitmqctl close_all_user_connections {user} stale",
        f"To let them go at once, at the hub: rabbitmqctl close_all_user_connections {user} stale",
    )
