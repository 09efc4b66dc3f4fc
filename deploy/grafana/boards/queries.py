"""What several boards ask, and the words that they ask it in."""

from deploy.grafana.board import RED, Panel, lines
from exchange.model.events import TransportState

__all__ = [
    "DAYS",
    "HOURS",
    "MINUTES",
    "OR_ZERO",
    "STATES",
    "TIME_TO_DELIVER",
    "WAITING",
    "late",
    "per_minute",
    "quantile",
    "quantiles",
]

MINUTES, HOURS, DAYS = 60.0, 3600.0, 86400.0
OR_ZERO = " or vector(0)"
WAITING = "deliveries_submitted|deliveries_accepted|deliveries_relayed|deliveries_undelivered"
STATES = {one.name.lower(): f"{one.chinese} {one.name.lower()}" for one in TransportState if not one.settled}


def per_minute(metric: str, by: str = "") -> str:
    grouped = f"sum by ({by})" if by else "sum"
    return f"60 * {grouped} (rate({metric}[$__rate_interval]))"


def quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"


def quantiles(title: str, histogram: str, says: str, *, steps: tuple[tuple[float, str], ...], empty: str) -> Panel:
    queries = [(quantile(share, histogram), f"{share:.0%}") for share in (0.5, 0.95, 0.99)]
    return lines(title, queries, says, unit="s", steps=steps, empty=empty)


def late(window: str) -> str:
    """The share that was delivered later than promised."""
    name = "yidi_acknowledger_deliver_seconds"
    return f'1 - sum(rate({name}_bucket{{le="900.0"}}[{window}])) / sum(rate({name}_count[{window}]))'


TIME_TO_DELIVER = quantiles(
    "送达用时 Time to deliver",
    "yidi_acknowledger_deliver_seconds",
    "从受理到送达，一半、95%、99% 的公文在此时间内。承诺十五分钟。\n"
    "From acceptance to DELIVERED: half, 95% and 99% are faster. Promised: fifteen minutes.",
    steps=((900, RED),),
    empty="这段时间没有送达 Nothing was delivered",
)
