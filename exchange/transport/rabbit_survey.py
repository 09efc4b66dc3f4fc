"""What a broker is before anybody uses it, and whether it is fit: for making a hub, and for examining one.

Nothing is changed. What stands in the way is a value, not an exception: whoever asks wants to hear all of it. Not here:
what to type about it (`exchange.cli`), what the broker holds (`exchange.transport.rabbit_state`).
"""

import json
import re
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import unquote, urlsplit

from exchange.errors import InputError, TransportError
from exchange.transport.rabbit_management import Management, management_at

__all__ = [
    "BrokerFacts",
    "BrokerTrouble",
    "LoginTrouble",
    "alarms_of",
    "listens",
    "login_trouble",
    "survey_broker",
]

_OLDEST, _TOO_NEW = (3, 10), (5, 0)
_TIMEOUT_SECONDS = 5.0
_EXTERNAL = "rabbitmq_auth_mechanism_ssl"
_TELLING_SECONDS = 12  # a node that has just started tells of itself after a while, then every five seconds


class BrokerTrouble(StrEnum):
    """Why the management could not be asked."""

    ADDRESS = "address"  # no URL of a management
    UNREACHABLE = "unreachable"  # nothing listens there: off, elsewhere, or without its plug-in
    LOGIN = "login"  # user or password
    RIGHTS = "rights"  # a good account, but no administrator's
    FAILED = "failed"  # it answered something else


class LoginTrouble(StrEnum):
    """Why an account did not get in."""

    NOBODY = "nobody"  # nothing answers there: off, elsewhere, or a line that is cut
    NAME = "name"  # of a host that nobody knows
    TLS = "tls"  # one side does not trust the other's certificate
    ACCOUNT = "account"  # none of this name, another password, or no rights
    FULL = "full"  # as many connections as it may have
    OTHER = "other"


# What tells them apart in what `TransportError.detail` has from pika, the system and RabbitMQ; the first that is there.
_SIGNS = (
    ("connection limit", LoginTrouble.FULL),
    ("ACCESS_REFUSED", LoginTrouble.ACCOUNT),
    ("NOT_ALLOWED", LoginTrouble.ACCOUNT),
    ("ProbableAuthenticationError", LoginTrouble.ACCOUNT),
    ("SSL", LoginTrouble.TLS),
    ("gaierror", LoginTrouble.NAME),
    ("ConnectionRefusedError", LoginTrouble.NOBODY),
    ("TimeoutError", LoginTrouble.NOBODY),
    ("Timeout while setting up", LoginTrouble.NOBODY),
    ("OSError", LoginTrouble.NOBODY),
    ("ConnectionResetError", LoginTrouble.NOBODY),
)


def login_trouble(detail: str) -> LoginTrouble:
    return next((trouble for sign, trouble in _SIGNS if sign in detail), LoginTrouble.OTHER)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerFacts:
    """`external`: clients may log in by certificate. `alarms`: node and kind, memory or disk. `down`: nodes of the
    cluster that do not run."""

    where: str
    user: str = ""
    trouble: BrokerTrouble | None = None
    detail: str = ""
    release: str = ""
    supported: bool = False
    external: bool = False
    nodes: int = 0
    down: tuple[str, ...] = ()
    alarms: tuple[str, ...] = ()


def survey_broker(url: str) -> BrokerFacts:
    """`url`: http(s)://user:password@host:port of its management."""
    parts = urlsplit(url)
    try:
        management, port = management_at(url), parts.port or 15672
    except InputError as error:
        return BrokerFacts(where="", trouble=BrokerTrouble.ADDRESS, detail=str(error))
    where, user = f"{parts.hostname}:{port}", unquote(parts.username or "")
    if not listens(parts.hostname or "", port):
        return BrokerFacts(where=where, user=user, trouble=BrokerTrouble.UNREACHABLE)
    try:
        tags = management.get("whoami")["tags"]
        if "administrator" not in tags:
            return BrokerFacts(where=where, user=user, trouble=BrokerTrouble.RIGHTS, detail=str(tags))
        return _read(management, where, user)
    except TransportError as error:
        trouble = BrokerTrouble.LOGIN if error.code == "BROKER_LOGIN" else BrokerTrouble.FAILED
        return BrokerFacts(where=where, user=user, trouble=trouble, detail=error.detail)
    except (LookupError, TypeError) as error:
        return BrokerFacts(where=where, user=user, trouble=BrokerTrouble.FAILED, detail=repr(error))


def listens(host: str, port: int) -> bool:
    """Whether anything takes connections there."""
    try:
        with closing(socket.create_connection((host, port), _TIMEOUT_SECONDS)):
            return True
    except OSError:
        return False


def _read(management: Management, where: str, user: str) -> BrokerFacts:
    nodes = _told_nodes(management)
    release = str(management.get("overview")["rabbitmq_version"])
    up = [node for node in nodes if node.get("running")]
    return BrokerFacts(
        where=where,
        user=user,
        release=release,
        supported=_OLDEST <= tuple(map(int, re.findall(r"\d+", release)[:2])) < _TOO_NEW,
        external=all(_EXTERNAL in node.get("enabled_plugins", ()) for node in up),
        nodes=len(nodes),
        down=tuple(node["name"] for node in nodes if not node.get("running")),
        alarms=alarms_of(management),
    )


def alarms_of(management: Management) -> tuple[str, ...]:
    """Asked of its check of health: what nodes tell of themselves lags behind."""
    try:
        management.get("health", "checks", "alarms")
    except TransportError as error:
        if error.code != "BROKER_UNWELL":
            raise
        try:
            return tuple(f"{one['node']} {one['resource']}" for one in json.loads(error.detail)["alarms"])
        except (ValueError, LookupError, TypeError):
            return (error.detail,)
    return ()


def _told_nodes(management: Management) -> list[dict[str, Any]]:
    deadline = time.monotonic() + _TELLING_SECONDS
    while True:
        nodes: list[dict[str, Any]] = management.get("nodes")
        told = all("enabled_plugins" in node for node in nodes if node.get("running"))
        if told or time.monotonic() > deadline:
            return nodes
        time.sleep(0.5)
