"""A connection to RabbitMQ."""

from pydantic import Field

from exchange.settings.base import Frozen

__all__ = ["BrokerAddress", "BrokerLine", "Rabbit"]


class BrokerLine(Frozen):
    """How patient a connection to RabbitMQ is, and how much it has under way."""

    heartbeat_seconds: int = Field(
        default=30, ge=5, le=300, description="A silent broker is given up after twice that."
    )
    connect_timeout_seconds: float = Field(default=10.0, gt=0, description="For the network, then again for the login.")
    confirm_timeout_seconds: float = Field(
        default=30.0, gt=0, description="Without any confirm for so long, what is not confirmed is UNKNOWN."
    )
    blocked_timeout_seconds: float = Field(
        default=60.0, gt=0, description="A broker that blocks publishers (disk or memory alarm) is left after this."
    )
    reconnect_base_seconds: float = Field(default=0.5, gt=0, description="Upper end of the first wait's full jitter.")
    reconnect_cap_seconds: float = Field(default=30.0, gt=0, description="Upper end of every later wait's jitter.")
    window: int = Field(default=200, ge=1, le=10_000, description="Published messages that may await their confirms.")
    prefetch: int = Field(
        default=1000, ge=1, le=65_535, description="Messages held unacknowledged by one consumer, over all its queues."
    )


class Rabbit(BrokerLine):
    """One account on RabbitMQ. With `certificate_file` and no password it logs in by that certificate (EXTERNAL)."""

    urls: tuple[str, ...] = Field(
        min_length=1,
        description="amqp:// or amqps://user:password@host:port/vhost of each broker of a cluster, tried in turn.",
    )
    password_file: str = Field(default="", description="File with the password, so that no URL need hold it.")
    ca_file: str = Field(default="", description="Authorities (PEM) that a broker's certificate must come from.")
    certificate_file: str = Field(default="", description="Client certificate (PEM); its common name is the account.")
    key_file: str = Field(default="", description="Key (PEM) of the client certificate.")
    key_passphrase_file: str = Field(default="", description="File with the passphrase of that key, if it has one.")


class BrokerAddress(Frozen):
    """Where nodes find the broker, as they are told when they enrol."""

    host: str = Field(default="127.0.0.1", description="Name in the broker's certificate.")
    port: int = Field(default=5671, ge=1, le=65535, description="AMQP over TLS.")
    virtual_host: str = Field(default="/", description="Virtual host of this exchange.")
