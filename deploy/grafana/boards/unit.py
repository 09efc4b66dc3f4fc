"""How is one unit?"""

from deploy.grafana.board import AMBER, GREEN, RED, Board, lines, now, table
from deploy.grafana.boards.queries import DAYS, MINUTES, OR_ZERO

__all__ = ["UNIT"]

_OF_UNIT = '{unit="$unit"}'
_URGENCIES = {"normal": "普通 normal", "urgent": "急件 urgent"}
UNIT = Board(
    uid="yidi-unit",
    title="驿递：一个单位 Yidi: one unit",
    variables={"unit": ("单位 Unit", "yidi_unit_name_info")},
    panels=[
        now(
            "在线 Here",
            f"max(yidi_unit_here{_OF_UNIT})",
            "五分钟内说过“我在”。It said within five minutes that it is there.",
            first=RED,
            steps=((1, GREEN),),
            words=((0, "不在 no"), (1, "在 yes")),
        ),
        now(
            "最后听到 Last heard",
            f"min(yidi_unit_seen_age_seconds{_OF_UNIT})",
            "距最后一次。Since it was last heard.",
            unit="s",
            steps=((5 * MINUTES, AMBER), (DAYS, RED)),
            empty="从未 Never",
        ),
        now(
            "时钟偏差 Clock",
            f"max(abs(yidi_unit_clock_ahead_seconds{_OF_UNIT}))",
            "与中心相差。差五分钟就听不到它了。How far it is off the hub's; at five minutes it is heard no more.",
            unit="s",
            steps=((60, AMBER), (120, RED)),
            empty="从未 Never",
        ),
        now(
            "磁盘 Disk",
            f"min(yidi_unit_disk_free_bytes{_OF_UNIT})",
            "节点的磁盘还剩多少。Free on its node's disk.",
            unit="bytes",
            first=RED,
            steps=((2e9, AMBER), (10e9, GREEN)),
            empty="从未 Never",
        ),
        now(
            "待发最久 Oldest outgoing",
            f"max(yidi_unit_outbox_age_seconds{_OF_UNIT})",
            "最久没有得到中心答复的报文。The oldest that the hub has not answered.",
            unit="s",
            steps=((5 * MINUTES, AMBER), (15 * MINUTES, RED)),
            empty="从未 Never",
        ),
        now(
            "未签收 Unsigned",
            f"sum(yidi_unit_unsigned{_OF_UNIT}){OR_ZERO}",
            "已送达、没有签收的公文。Delivered to it and not signed for.",
            steps=((1, AMBER), (20, RED)),
        ),
        now(
            "逾期 Overdue",
            f"sum(yidi_unit_overdue{_OF_UNIT}){OR_ZERO}",
            "其中过了签收时限或已催办的。Of these, due or urged already.",
            steps=((1, RED),),
        ),
        now(
            "办公系统 Office",
            f"min(yidi_unit_office_answers{_OF_UNIT})",
            "它的办公系统是否应答。Whether its office system answers.",
            first=RED,
            steps=((1, GREEN),),
            words=((0, "不应答 no"), (1, "正常 yes")),
            empty="没有 None",
        ),
        lines(
            "节点上的 At its node",
            [
                (f"max(yidi_unit_outbox{_OF_UNIT})", "待发 outgoing"),
                (f"max(yidi_unit_inbox{_OF_UNIT})", "待交办公系统 for the office"),
                (f"max(yidi_unit_untold{_OF_UNIT})", "待告知的回执 receipts to tell"),
            ],
            "还没有做完的。What is not finished.",
            empty="从未听到 Never heard",
            width=12,
        ),
        lines(
            "未签收（按紧急程度） Unsigned, by urgency",
            [(f"max by (urgency) (yidi_unit_unsigned{_OF_UNIT})", "{{urgency}}")],
            "已送达、没有签收。Delivered and not signed for.",
            names=_URGENCIES,
            empty="没有 None",
            width=12,
        ),
        lines(
            "未签收最久 Oldest unsigned",
            [(f"max by (urgency) (yidi_unit_unsigned_age_seconds{_OF_UNIT})", "{{urgency}}")],
            "最早送达而没有签收的那一件等了多久。How long the oldest has waited to be signed for.",
            unit="s",
            names=_URGENCIES,
            empty="没有 None",
            width=12,
        ),
        lines(
            "时钟 Clock",
            [(f"max(abs(yidi_unit_clock_ahead_seconds{_OF_UNIT}))", "偏差 off")],
            "与中心相差。How far off the hub's.",
            unit="s",
            steps=((120, RED),),
            empty="从未听到 Never heard",
            width=12,
        ),
        table(
            "节点 Node",
            f"max by (unit, version, office) (yidi_unit_info{_OF_UNIT})",
            "版本与办公系统。Release and office system.",
            columns={"unit": "单位 Unit", "version": "版本 Release", "office": "办公系统 Office"},
            empty="从未听到 Never heard",
            width=24,
        ),
    ],
)
