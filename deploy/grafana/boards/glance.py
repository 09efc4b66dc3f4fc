"""Is all well?"""

from deploy.grafana.board import AMBER, GREEN, RED, Board, lines, now, table
from deploy.grafana.boards.queries import HOURS, MINUTES, OR_ZERO, STATES, TIME_TO_DELIVER, WAITING, per_minute

__all__ = ["GLANCE"]

GLANCE = Board(
    uid="yidi-glance",
    title="驿递：交换总览 Yidi: the exchange at a glance",
    panels=[
        now(
            "告警 Alarms",
            'count(ALERTS{alertstate="firing", alertname=~"Yidi.+"})' + OR_ZERO,
            "正在告警的条数；下面的表里是哪些。How many alerts fire now; the table below names them.",
            steps=((1, RED),),
            words=((0, "正常 none"),),
        ),
        now(
            "停止的进程 Processes down",
            'count(up{job="yidi"} == 0)' + OR_ZERO,
            "没有应答的进程。Processes that do not answer.",
            steps=((1, RED),),
            words=((0, "正常 none"),),
        ),
        now(
            "停转的循环 Loops stuck",
            "count(time() - yidi_worker_seen_timestamp_seconds > 120)" + OR_ZERO,
            "两分钟没有转动的工作循环。Loops that did not come round for two minutes.",
            steps=((1, RED),),
            words=((0, "正常 none"),),
        ),
        now(
            "迟到 Late",
            "max(yidi_hub_late_deliveries_here)",
            "受理超过一刻钟、单位在线而尚未送达的件数。Accepted over a quarter of an hour ago, the unit there, and not "
            "delivered.",
            steps=((1, AMBER), (20, RED)),
        ),
        now(
            "发件箱最久 Oldest outgoing",
            "max(yidi_node_outbox_age_seconds)",
            "节点上最久没有得到中心答复的报文。The oldest that the hub has not answered, of all nodes seen here.",
            unit="s",
            steps=((5 * MINUTES, AMBER), (15 * MINUTES, RED)),
            empty="没有采集节点 No node is scraped",
        ),
        now(
            "急件未签 Urgent unsigned",
            "max(yidi_hub_unsigned_urgent_age_seconds)",
            "最久未签收的急件，自受理起。The oldest urgent document unsigned, since it was accepted.",
            unit="s",
            steps=((1 * HOURS, AMBER), (4 * HOURS, RED)),
        ),
        now(
            "证书 Certificates",
            "min(yidi_trust_certificate_expiry_seconds) / 86400",
            "最先到期的证书还有几天。Days until the first certificate ends.",
            unit="d",
            first=RED,
            steps=((7, AMBER), (30, GREEN)),
        ),
        now(
            "磁盘 Disk",
            "min(yidi_files_free_bytes)",
            "最满的磁盘还剩多少。Free on the fullest disk.",
            unit="bytes",
            first=RED,
            steps=((2e9, AMBER), (10e9, GREEN)),
        ),
        lines(
            "公文每分钟 Documents a minute",
            [
                (per_minute('yidi_router_envelopes_total{outcome="accepted"}'), "受理 accepted"),
                (per_minute('yidi_router_envelopes_total{outcome="refused"}') + OR_ZERO, "拒收 refused"),
                (per_minute('yidi_acknowledger_receipts_total{event="DELIVERED"}') + OR_ZERO, "送达 delivered"),
                (per_minute('yidi_acknowledger_receipts_total{event="SIGNED"}') + OR_ZERO, "签收 signed"),
            ],
            "中心每分钟经手。What the hub handles in a minute.",
        ),
        TIME_TO_DELIVER,
        lines(
            "未完 Open",
            [
                (f'max(sum by (instance) (yidi_hub_rows{{what=~"{WAITING}"}}))', "待送达 to deliver"),
                ('max(yidi_hub_rows{what="forwards_open"})', "待转回执 receipts to forward"),
                ('max(yidi_hub_rows{what="entries_unsealed"})', "待封存 to seal"),
                ('max(sum by (instance) (yidi_node_rows{what="outbox_open"}))' + OR_ZERO, "节点待发 outgoing at nodes"),
                (
                    'max(sum by (instance) (yidi_node_rows{what="handovers_open"}))' + OR_ZERO,
                    "待交办公系统 for offices",
                ),
            ],
            "还没有做完的。What is not finished.",
        ),
        lines(
            "单位 Units",
            [('max by (presence) (yidi_hub_units{presence=~"here|silent"})', "{{presence}}")],
            "五分钟内说过“我在”的，与没有声音的。Units that say they are there, and those that are silent.",
            names={"here": "在线 here", "silent": "离线 silent"},
        ),
        lines(
            "未签收 Unsigned",
            [
                ("max by (urgency) (yidi_hub_unsigned)", "unsigned {{urgency}}"),
                ("max by (urgency) (yidi_hub_overdue)", "overdue {{urgency}}"),
            ],
            "已送达、没有签收的公文，与其中逾期的。Delivered and not signed for, and those overdue.",
            names={
                "unsigned normal": "普通件 normal",
                "unsigned urgent": "急件 urgent",
                "overdue normal": "普通件逾期 overdue",
                "overdue urgent": "急件逾期 urgent overdue",
            },
        ),
        lines(
            "等了多久 Waiting since",
            [("max by (state) (yidi_hub_waiting_age_seconds)", "{{state}}")],
            "每种状态中最老的一件，自受理起。The oldest delivery in each state, since it was accepted.",
            unit="s",
            steps=((900, RED),),
            names=STATES,
        ),
        table(
            "正在告警 Firing",
            'sum by (alertname, severity, unit, instance) (ALERTS{alertstate="firing", alertname=~"Yidi.+"})',
            "每条告警的处理手册在 docs/runbooks。Each has its page in docs/runbooks.",
            columns={
                "alertname": "告警 Alarm",
                "severity": "级别 Severity",
                "unit": "单位 Unit",
                "instance": "进程 Process",
            },
            empty="没有告警 Nothing fires",
        ),
        lines(
            "拒收 Refused",
            [(per_minute("yidi_router_refusals_total", "code"), "{{code}}")],
            "每分钟拒收的公文，按原因。Documents refused in a minute, by reason.",
            empty="没有拒收 Nothing was refused",
            width=12,
        ),
    ],
)
