"""The dashboards, and `python -m deploy.grafana.boards`, which writes them for Grafana into `dashboards/`.

Each answers one question: is all well; what is it with the processes and the broker; is the ledger whole and is anybody
attacking; does everybody get what they were promised. Metrics: `docs/metrics.md`.
"""

import json
from pathlib import Path

from deploy.grafana.board import AMBER, BLUE, GREEN, RED, Board, Panel, lines, now, table

__all__ = ["BOARDS", "FOLDER", "text_of"]

FOLDER = Path(__file__).with_name("dashboards")

_MINUTES, _HOURS, _DAYS = 60.0, 3600.0, 86400.0
_ALL = " or vector(0)"
_WAITING = "deliveries_submitted|deliveries_accepted|deliveries_relayed|deliveries_undelivered"


def _per_minute(metric: str, by: str = "") -> str:
    grouped = f"sum by ({by})" if by else "sum"
    return f"60 * {grouped} (rate({metric}[$__rate_interval]))"


def _quantile(share: float, histogram: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket[$__rate_interval])))"


def _quantiles(title: str, histogram: str, says: str, *, steps: tuple[tuple[float, str], ...], empty: str) -> Panel:
    queries = [(_quantile(share, histogram), f"{share:.0%}") for share in (0.5, 0.95, 0.99)]
    return lines(title, queries, says, unit="s", steps=steps, empty=empty)


def _late(window: str) -> str:
    """The share that was delivered later than promised."""
    name = "yidi_acknowledger_deliver_seconds"
    return f'1 - sum(rate({name}_bucket{{le="900.0"}}[{window}])) / sum(rate({name}_count[{window}]))'


_TIME_TO_DELIVER = _quantiles(
    "送达用时 Time to deliver",
    "yidi_acknowledger_deliver_seconds",
    "从受理到送达，一半、95%、99% 的公文在此时间内。承诺十五分钟。\n"
    "From acceptance to DELIVERED: half, 95% and 99% are faster. Promised: fifteen minutes.",
    steps=((900, RED),),
    empty="这段时间没有送达 Nothing was delivered",
)

_GLANCE = Board(
    uid="yidi-glance",
    title="驿递：交换总览 Yidi: the exchange at a glance",
    panels=[
        now(
            "告警 Alarms",
            'count(ALERTS{alertstate="firing", alertname=~"Yidi.+"})' + _ALL,
            "正在告警的条数；下面的表里是哪些。How many alerts fire now; the table below names them.",
            steps=((1, RED),),
            words=((0, "正常 none"),),
        ),
        now(
            "停止的进程 Processes down",
            'count(up{job="yidi"} == 0)' + _ALL,
            "没有应答的进程。Processes that do not answer.",
            steps=((1, RED),),
            words=((0, "正常 none"),),
        ),
        now(
            "停转的循环 Loops stuck",
            "count(time() - yidi_worker_seen_timestamp_seconds > 120)" + _ALL,
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
            steps=((5 * _MINUTES, AMBER), (15 * _MINUTES, RED)),
            empty="没有采集节点 No node is scraped",
        ),
        now(
            "急件未签 Urgent unsigned",
            "max(yidi_hub_unsigned_urgent_age_seconds)",
            "最久未签收的急件，自受理起。The oldest urgent document unsigned, since it was accepted.",
            unit="s",
            steps=((1 * _HOURS, AMBER), (4 * _HOURS, RED)),
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
                (_per_minute('yidi_router_envelopes_total{outcome="accepted"}'), "受理 accepted"),
                (_per_minute('yidi_router_envelopes_total{outcome="refused"}') + _ALL, "拒收 refused"),
                (_per_minute('yidi_acknowledger_receipts_total{event="DELIVERED"}') + _ALL, "送达 delivered"),
                (_per_minute('yidi_acknowledger_receipts_total{event="SIGNED"}') + _ALL, "签收 signed"),
            ],
            "中心每分钟经手。What the hub handles in a minute.",
        ),
        _TIME_TO_DELIVER,
        lines(
            "未完 Open",
            [
                (f'max(sum by (instance) (yidi_hub_rows{{what=~"{_WAITING}"}}))', "待送达 to deliver"),
                ('max(yidi_hub_rows{what="forwards_open"})', "待转回执 receipts to forward"),
                ('max(yidi_hub_rows{what="entries_unsealed"})', "待封存 to seal"),
                ('max(sum by (instance) (yidi_node_rows{what="outbox_open"}))' + _ALL, "节点待发 outgoing at nodes"),
                ('max(sum by (instance) (yidi_node_rows{what="handovers_open"}))' + _ALL, "待交办公系统 for offices"),
            ],
            "还没有做完的。What is not finished.",
        ),
        lines(
            "单位 Units",
            [('max by (presence) (yidi_hub_units{presence=~"here|silent"})', "{{presence}}")],
            "五分钟内说过“我在”的，与没有声音的。Units that say they are there, and those that are silent.",
        ),
        lines(
            "未签收 Unsigned",
            [
                ("max by (urgency) (yidi_hub_unsigned)", "未签收 unsigned {{urgency}}"),
                ("max by (urgency) (yidi_hub_overdue)", "逾期 overdue {{urgency}}"),
            ],
            "已送达、没有签收的公文，与其中逾期的。Delivered and not signed for, and those overdue.",
        ),
        lines(
            "等了多久 Waiting since",
            [("max by (state) (yidi_hub_waiting_age_seconds)", "{{state}}")],
            "每种状态中最老的一件，自受理起。The oldest delivery in each state, since it was accepted.",
            unit="s",
            steps=((900, RED),),
        ),
        table(
            "正在告警 Firing",
            'sum by (alertname, severity, instance, job) (ALERTS{alertstate="firing", alertname=~"Yidi.+"})',
            "每条告警的处理手册在 docs/runbooks。Each has its page in docs/runbooks.",
            empty="没有告警 Nothing fires",
        ),
        lines(
            "拒收 Refused",
            [(_per_minute("yidi_router_refusals_total", "code"), "{{code}}")],
            "每分钟拒收的公文，按原因。Documents refused in a minute, by reason.",
            empty="没有拒收 Nothing was refused",
            width=12,
        ),
    ],
)

_OF_UNIT = '{unit="$unit"}'
_UNIT = Board(
    uid="yidi-unit",
    title="驿递：一个单位 Yidi: one unit",
    variables={"unit": ("单位 Unit", "yidi_unit_here")},
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
            steps=((5 * _MINUTES, AMBER), (_DAYS, RED)),
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
            steps=((5 * _MINUTES, AMBER), (15 * _MINUTES, RED)),
            empty="从未 Never",
        ),
        now(
            "未签收 Unsigned",
            f"sum(yidi_unit_unsigned{_OF_UNIT}){_ALL}",
            "已送达、没有签收的公文。Delivered to it and not signed for.",
            steps=((1, AMBER), (20, RED)),
        ),
        now(
            "逾期 Overdue",
            f"sum(yidi_unit_overdue{_OF_UNIT}){_ALL}",
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
        ),
        lines(
            "未签收 Unsigned, 按紧急程度 by urgency",
            [(f"max by (urgency) (yidi_unit_unsigned{_OF_UNIT})", "{{urgency}}")],
            "已送达、没有签收。Delivered and not signed for.",
            empty="没有 None",
        ),
        lines(
            "时钟 Clock",
            [(f"max(abs(yidi_unit_clock_ahead_seconds{_OF_UNIT}))", "偏差 off")],
            "与中心相差。How far off the hub's.",
            unit="s",
            steps=((120, RED),),
            empty="从未听到 Never heard",
        ),
        table(
            "节点 Node",
            f"max by (unit, version, office) (yidi_unit_info{_OF_UNIT})",
            "版本与办公系统。Release and office system.",
            empty="从未听到 Never heard",
            width=24,
        ),
    ],
)

_WORKERS = Board(
    uid="yidi-workers",
    title="驿递：进程与队列 Yidi: workers and broker",
    panels=[
        lines(
            "循环多久没转 Since a loop came round",
            [("max by (instance, worker) (time() - yidi_worker_seen_timestamp_seconds)", "{{instance}} {{worker}}")],
            "超过五分钟即告警。More than five minutes is an alert.",
            unit="s",
            steps=((300, RED),),
        ),
        lines(
            "完成的工作 Work done",
            [(f"topk(12, {_per_minute('yidi_worker_work_total', 'step')})", "{{step}}")],
            "每分钟，按步骤，最忙的十二个。In a minute, by step, the twelve busiest.",
        ),
        lines(
            "失败的步骤 Steps failing",
            [(_per_minute("yidi_worker_failures_total", "step, code"), "{{step}} {{code}}")],
            "每分钟失败的次数；失败的步骤稍后重来，不丢公文。Failures in a minute. A step comes again.",
            empty="没有失败 Nothing failed",
        ),
        lines(
            "消息队列不收 Refused by the broker",
            [(_per_minute("yidi_transport_publish_failures_total", "outcome"), "{{outcome}}")],
            "每分钟没有被消息队列收下的报文。Messages a minute that the broker did not take.",
            empty="都收下了 All were taken",
        ),
        lines(
            "队列中的报文 In the broker's queues",
            [('max by (queue) (yidi_broker_messages{queue!~"work[.]aside.*"})', "{{queue}}")],
            "已取走、未确认的也算；inbox 是各单位收件箱之和。Taken and unacknowledged ones too; inbox is all of them.",
            empty="中心没有消息队列的管理账号 The hub has no account of the broker's management",
        ),
        lines(
            "消息队列的节点 Nodes of the broker",
            [("max by (state) (yidi_broker_nodes)", "{{state}}"), ("max(yidi_broker_alarms)", "告警 alarms")],
            "运行的、停了的，与磁盘、内存告警。Running, down, and alarms of disk or memory.",
            empty="中心没有消息队列的管理账号 The hub has no account of the broker's management",
        ),
        lines(
            "重发 Repeats",
            [
                (_per_minute("yidi_clock_dispatches_total"), "再次派送 deliveries"),
                (_per_minute("yidi_clock_forwards_total"), "再次转回执 receipts"),
                (_per_minute("yidi_router_duplicates_total"), "重来的公文 documents come again"),
            ],
            "每分钟。多即线路或某些节点不通。In a minute. Many: lines or nodes are away.",
        ),
        lines(
            "移到一旁 Put aside",
            [(_per_minute("yidi_router_aside_total", "outcome"), "{{outcome}}")],
            "发文过多的单位，其公文移到一旁排队。Of units that send too many.",
            empty="没有 None",
        ),
        lines(
            "节点收发 Nodes",
            [
                (_per_minute("yidi_node_published_total"), "发出 published"),
                (_per_minute("yidi_node_received_total"), "收到 received"),
                (_per_minute("yidi_node_duplicates_total"), "重复 duplicates"),
            ],
            "采集到的节点，每分钟。Of the nodes scraped, in a minute.",
            empty="没有采集节点 No node is scraped",
        ),
        lines(
            "办公系统不收 Refused by offices",
            [(_per_minute("yidi_node_handover_failures_total", "code"), "{{code}}")],
            "每分钟没有交成的公文，会再交。Documents a minute that the office did not take; they are offered again.",
            empty="都收下了 All were taken",
        ),
        lines(
            "磁盘剩余 Free on disks",
            [("min by (instance, store) (yidi_files_free_bytes)", "{{instance}} {{store}}")],
            "数据所在的磁盘。Disks that hold data.",
            unit="bytes",
        ),
    ],
)

_LEDGER = Board(
    uid="yidi-ledger",
    title="驿递：账本与安全 Yidi: ledger and security",
    panels=[
        now(
            "待封存 To seal",
            'max(yidi_hub_rows{what="entries_unsealed"})',
            "登记了、还没有封存的条目。Entries recorded and not sealed yet.",
            steps=((1000, AMBER), (10000, RED)),
            width=4,
        ),
        now(
            "上次封存 Last checkpoint",
            "max(yidi_ledger_checkpoint_age_seconds)",
            "距上次封存。没有新登记时不封存。Since the last checkpoint. Without entries there is none.",
            unit="s",
            first=BLUE,
            empty="尚未封存 None yet",
            width=4,
        ),
        now(
            "已封存条目 Entries sealed",
            "max(yidi_ledger_checkpoint_entries)",
            "最近一次封存之下的条目数。Entries under the latest checkpoint.",
            first=BLUE,
            empty="尚未封存 None yet",
            width=4,
        ),
        now(
            "隔离区 Set aside",
            'max(yidi_hub_rows{what="quarantined"})',
            "中心隔离、待人查看的报文：yidi hub quarantine list。Messages that a person must look at.",
            steps=((1, AMBER), (100, RED)),
            width=4,
        ),
        now(
            "目录有效期 Directory ends in",
            "min(yidi_directory_expiry_seconds)",
            "目录失效后不能发文。Nothing can be sent with a directory that has expired.",
            unit="s",
            first=RED,
            steps=((3 * _DAYS, AMBER), (7 * _DAYS, GREEN)),
            width=4,
        ),
        now(
            "证书 Certificates end in",
            "min(yidi_trust_certificate_expiry_seconds) / 86400",
            "最先到期的还有几天：yidi hub certificates。Days until the first ends.",
            unit="d",
            first=RED,
            steps=((7, AMBER), (30, GREEN)),
            width=4,
        ),
        lines(
            "安全警报 Alarms",
            [("sum by (event, code) (increase(yidi_telemetry_alarms_total[1h]))", "{{event}} {{code}}")],
            "过去一小时。伪造、冲突、损坏：yidi hub audit。In an hour: forged, in conflict, damaged.",
            empty="没有警报 No alarms",
        ),
        lines(
            "无效的公文 Documents refused",
            [(_per_minute('yidi_router_refusals_total{code=~"SIG.*|CERT.*|DIGEST.*|NOT_.*"}', "code"), "{{code}}")],
            "每分钟，签名或证书不对的。In a minute, for signature or certificate.",
            empty="没有 None",
        ),
        lines(
            "无效的回执 Receipts refused",
            [(_per_minute("yidi_acknowledger_invalid_total", "code"), "{{code}}")],
            "每分钟，按原因。In a minute, by reason.",
            empty="没有 None",
        ),
        lines(
            "登记与封存 Recorded and sealed",
            [
                ('max(yidi_hub_rows{what="entries_unsealed"})', "待封存 to seal"),
                ("60 * max(rate(yidi_ledger_checkpoint_entries[$__rate_interval]))", "每分钟封存 sealed a minute"),
            ],
            "待封存应随即归零。What is to seal should be nothing soon.",
        ),
        lines(
            "目录版本 Directory version",
            [("max by (store) (yidi_directory_version)", "{{store}}")],
            "节点应很快跟上中心。Nodes should follow the hub soon.",
        ),
        lines(
            "节点隔离 Set aside at nodes",
            [
                (_per_minute("yidi_node_quarantined_total", "code"), "{{code}}"),
                (_per_minute("yidi_node_directory_refused_total", "code"), "目录 directory {{code}}"),
            ],
            "每分钟，节点收到而不认的。In a minute, what nodes got and did not believe.",
            empty="没有 None",
        ),
    ],
)

_SERVICE = Board(
    uid="yidi-service",
    title="驿递：服务水平 Yidi: service level",
    panels=[
        *[
            now(
                f"十五分钟内送达 In time, {spoken}",
                f"1 - ({_late(window)})",
                "受理后十五分钟内送达并有回执的比例，目标 99.9%。Delivered and receipted within 15 minutes; aim 99.9%.",
                unit="percentunit",
                first=RED,
                steps=((0.99, AMBER), (0.999, GREEN)),
                empty="没有送达 None delivered",
                width=6,
            )
            for window, spoken in (("1h", "一小时 1 h"), ("6h", "六小时 6 h"), ("3d", "三天 3 d"))
        ],
        now(
            "误差额度剩余 Allowance left, 三十天 30 d",
            f"1 - ({_late('30d')}) / 0.001",
            "三十天里允许千分之一迟到，还剩多少。Of one late in a thousand over 30 days, what is left.",
            unit="percentunit",
            first=RED,
            steps=((0.0, AMBER), (0.25, GREEN)),
            empty="没有送达 None delivered",
            width=6,
        ),
        lines(
            "额度消耗 Allowance burnt",
            [(f"({_late(window)}) / 0.001", window) for window in ("5m", "30m", "1h", "6h")],
            "1 为恰好用完；14.4 持续一小时即叫人。1 uses it up exactly; 14.4 for an hour wakes somebody.",
            steps=((14.4, RED),),
            empty="没有送达 None delivered",
        ),
        _TIME_TO_DELIVER,
        _quantiles(
            "受理用时 Time to accept",
            "yidi_router_accept_seconds",
            "从成文发出到中心受理。From an envelope's creation to its acceptance.",
            steps=((300, RED),),
            empty="这段时间没有受理 Nothing was accepted",
        ),
        _quantiles(
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
            steps=((4 * _HOURS, RED),),
        ),
    ],
)

BOARDS = (_GLANCE, _UNIT, _WORKERS, _LEDGER, _SERVICE)


def text_of(board: Board) -> str:
    """The file that Grafana reads."""
    return json.dumps(board.grafana(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for one in BOARDS:
        (FOLDER / f"{one.uid}.json").write_text(text_of(one), encoding="utf-8")
