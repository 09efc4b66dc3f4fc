"""Does everybody get what they were promised?"""

from deploy.grafana.board import AMBER, GREEN, RED, Board, lines, now
from deploy.grafana.boards.queries import HOURS, TIME_TO_DELIVER, late, quantiles

__all__ = ["SERVICE"]

SERVICE = Board(
    uid="yidi-service",
    title="驿递：服务水平 Yidi: service level",
    panels=[
        *[
            now(
                f"十五分钟内送达（{spoken}） In time, {window}",
                f"1 - ({late(window)})",
                "受理后十五分钟内送达并有回执的比例，目标 99.9%。Delivered and receipted within 15 minutes; aim 99.9%.",
                unit="percentunit",
                first=RED,
                steps=((0.99, AMBER), (0.999, GREEN)),
                empty="没有送达 None delivered",
                width=6,
            )
            for window, spoken in (("1h", "一小时"), ("6h", "六小时"), ("3d", "三天"))
        ],
        now(
            "误差额度剩余（三十天） Allowance left, 30d",
            f"1 - ({late('30d')}) / 0.001",
            "三十天里允许千分之一迟到，还剩多少。Of one late in a thousand over 30 days, what is left.",
            unit="percentunit",
            first=RED,
            steps=((0.0, AMBER), (0.25, GREEN)),
            empty="没有送达 None delivered",
            width=6,
        ),
        lines(
            "额度消耗 Allowance burnt",
            [(f"({late(window)}) / 0.001", window) for window in ("5m", "30m", "1h", "6h")],
            "1 为恰好用完；14.4 持续一小时即叫人。1 uses it up exactly; 14.4 for an hour wakes somebody.",
            steps=((14.4, RED),),
            empty="没有送达 None delivered",
        ),
        TIME_TO_DELIVER,
        quantiles(
            "受理用时 Time to accept",
            "yidi_router_accept_seconds",
            "从成文发出到中心受理。From an envelope's creation to its acceptance.",
            steps=((300, RED),),
            empty="这段时间没有受理 Nothing was accepted",
        ),
        quantiles(
            "签收用时 Time to sign",
            "yidi_acknowledger_sign_seconds",
            "从送达到有人签收。From DELIVERED to a person's signature.",
            steps=(),
            empty="这段时间没有签收 Nothing was signed",
        ),
        lines(
            "迟到未达 Late and not delivered",
            [
                ("max(yidi_hub_late_deliveries_here)", "单位在线 its unit is there"),
                ("max(yidi_hub_late_deliveries)", "全部 all"),
            ],
            "受理超过一刻钟。单位不在线的，等它开机。Accepted over a quarter of an hour ago; units that are away get "
            "theirs when they come.",
        ),
        lines(
            "逾期与催办 Expired and reminded",
            [
                ("sum(increase(yidi_clock_expired_total[1h]))", "到期未送达 expired"),
                ("sum(increase(yidi_clock_reminders_total[1h]))", "催办 reminders"),
            ],
            "每小时。In an hour.",
        ),
        lines(
            "急件未签最久 Oldest urgent unsigned",
            [("max(yidi_hub_unsigned_urgent_age_seconds)", "自受理 since accepted")],
            "四小时即告警。Four hours is an alert.",
            unit="s",
            steps=((4 * HOURS, RED),),
        ),
    ],
)
