"""Is the ledger whole, and is anybody attacking?"""

from deploy.grafana.board import AMBER, BLUE, GREEN, RED, Board, lines, now
from deploy.grafana.boards.queries import DAYS, per_minute

__all__ = ["LEDGER"]

LEDGER = Board(
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
            steps=((3 * DAYS, AMBER), (7 * DAYS, GREEN)),
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
            [(per_minute('yidi_router_refusals_total{code=~"SIG.*|CERT.*|DIGEST.*|NOT_.*"}', "code"), "{{code}}")],
            "每分钟，签名或证书不对的。In a minute, for signature or certificate.",
            empty="没有 None",
        ),
        lines(
            "无效的回执 Receipts refused",
            [(per_minute("yidi_acknowledger_invalid_total", "code"), "{{code}}")],
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
                (per_minute("yidi_node_quarantined_total", "code"), "{{code}}"),
                (per_minute("yidi_node_directory_refused_total", "code"), "目录 directory {{code}}"),
            ],
            "每分钟，节点收到而不认的。In a minute, what nodes got and did not believe.",
            empty="没有 None",
        ),
    ],
)
