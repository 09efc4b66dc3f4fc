"""What is it with the processes, the broker and the database?"""

from deploy.grafana.board import RED, Board, lines
from deploy.grafana.boards.queries import per_minute

__all__ = ["WORKERS"]

WORKERS = Board(
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
            [(f"topk(12, {per_minute('yidi_worker_work_total', 'step')})", "{{step}}")],
            "每分钟，按步骤，最忙的十二个。In a minute, by step, the twelve busiest.",
        ),
        lines(
            "失败的步骤 Steps failing",
            [(per_minute("yidi_worker_failures_total", "step, code"), "{{step}} {{code}}")],
            "每分钟失败的次数；失败的步骤稍后重来，不丢公文。Failures in a minute. A step comes again.",
            empty="没有失败 Nothing failed",
        ),
        lines(
            "消息队列不收 Refused by the broker",
            [(per_minute("yidi_transport_publish_failures_total", "outcome"), "{{outcome}}")],
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
            names={"running": "运行 running", "down": "停了 down"},
            empty="中心没有消息队列的管理账号 The hub has no account of the broker's management",
        ),
        lines(
            "重发 Repeats",
            [
                (per_minute("yidi_clock_dispatches_total"), "再次派送 deliveries"),
                (per_minute("yidi_clock_forwards_total"), "再次转回执 receipts"),
                (per_minute("yidi_router_duplicates_total"), "重来的公文 documents come again"),
            ],
            "每分钟。多即线路或某些节点不通。In a minute. Many: lines or nodes are away.",
        ),
        lines(
            "移到一旁 Put aside",
            [(per_minute("yidi_router_aside_total", "outcome"), "{{outcome}}")],
            "发文过多的单位，其公文移到一旁排队。Of units that send too many.",
            empty="没有 None",
        ),
        lines(
            "节点收发 Nodes",
            [
                (per_minute("yidi_node_published_total"), "发出 published"),
                (per_minute("yidi_node_received_total"), "收到 received"),
                (per_minute("yidi_node_duplicates_total"), "重复 duplicates"),
            ],
            "采集到的节点，每分钟。Of the nodes scraped, in a minute.",
            empty="没有采集节点 No node is scraped",
        ),
        lines(
            "办公系统不收 Refused by offices",
            [(per_minute("yidi_node_handover_failures_total", "code"), "{{code}}")],
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
