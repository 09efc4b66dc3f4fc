"""What was measured, as tables and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from exchange.cli.bench.batches import Batching
from exchange.cli.bench.flow import Flow
from exchange.cli.bench.machine import MachineFacts
from exchange.cli.bench.memory import Memory
from exchange.cli.bench.routing import RoutingCost
from exchange.cli.bench.spent import Spent
from exchange.cli.language import say
from exchange.cli.output import show_table

__all__ = ["Measured", "render", "value_of"]

# What a good exchange of this kind should reach; the tables say how far it got.
ROUTER_AIM = 0.70
UNIT_AIM_KIB = 1024

PARTS = ("verify", "sign", "commit", "publish")
_TITLE = (("测量", "measured"), ("结果", "result"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    machine: MachineFacts
    flow: Flow
    routing: Sequence[RoutingCost]
    commits: Batching
    messages: Batching
    memory: Memory


def value_of(measured: Measured) -> dict[str, Any]:
    flow, memory = measured.flow, measured.memory
    return {
        "machine": asdict(measured.machine),
        "end_to_end": {
            "documents": flow.documents,
            "deliveries": flow.deliveries,
            "per_second": round(flow.per_second, 1),
            "whole": _seconds(flow.whole),
            "bare": {part: _seconds(getattr(flow.bare, part)) for part in ("total", "sign", "verify", "commit")},
            "bare_share": round(flow.share, 3),
        },
        "router": [
            {
                "recipients": one.recipients,
                "envelopes": one.envelopes,
                **{part: _seconds(getattr(one, part)) for part in ("whole", *PARTS)},
                "unavoidable_share": round(one.share, 3),
                "aim": ROUTER_AIM,
            }
            for one in measured.routing
        ],
        "commits": _batching(measured.commits),
        "messages": _batching(measured.messages),
        "memory_kib": {**asdict(memory), "per_unit": round(memory.per_unit, 1), "aim_per_unit": UNIT_AIM_KIB},
    }


def _seconds(one: Spent) -> dict[str, float]:
    return {"wall_seconds": round(one.wall, 4), "cpu_seconds": round(one.cpu, 4)}


def _batching(one: Batching) -> dict[str, float]:
    return {
        "single_per_second": round(one.single_per_second, 1),
        "batched_per_second": round(one.batched_per_second, 1),
        "batch": one.batch,
        "gain": round(one.gain, 1),
    }


def render(measured: Measured) -> None:
    machine = measured.machine
    print(
        say(
            "这是测量，不是测试：数字随机器与负载变化，比值才可比较。",
            "A measurement and no test: numbers follow the machine and its load, ratios hold.",
        )
    )
    print(f"{machine.cores} × {machine.cpu}, {machine.system}, Python {machine.python}, "
          f"{say('负载', 'load')} {machine.load}, {say('一次落盘', 'one sync')} {machine.sync_ms} ms\n")  # fmt: skip
    _flow(measured.flow)
    _routing(measured.routing)
    _batches(measured)
    _memory(measured.memory)


def _flow(flow: Flow) -> None:
    bare = flow.bare
    parts = (("签名", "sign", bare.sign), ("验签", "verify", bare.verify), ("落盘", "commit", bare.commit))
    named = " + ".join(f"{say(chinese, english)} {part.cpu:.2f}" for chinese, english, part in parts)
    rows = [
        (say("投递", "deliveries"), f"{flow.deliveries} / {flow.whole.wall:.2f} s = {flow.per_second:.0f} /s"),
        (say("处理器时间", "time on the processor"), f"{flow.whole.cpu:.2f} s"),
        (say("其中必要工作", "bare work in it"), f"{bare.total.cpu:.2f} s = {named}"),
        (say("必要工作占比", "share of bare work"), f"{flow.share:.0%}"),
    ]
    show_table(_TITLE, rows, title=say("端到端（发出到发文单位持有全部送达回执）", "End to end"))


def _routing(costs: Sequence[RoutingCost]) -> None:
    columns = [
        ("收文单位", "recipients"), ("件数", "envelopes"), ("每件 µs", "µs each"), ("验签", "verify"),
        ("回执签名", "sign"), ("落盘", "commit"), ("发布", "publish"), ("必要占比", "share"), ("目标", "aim"),
    ]  # fmt: skip
    rows = [
        (
            one.recipients,
            one.envelopes,
            f"{one.whole.cpu / one.envelopes * 1e6:.0f}",
            *(f"{getattr(one, part).cpu / one.whole.cpu:.0%}" for part in PARTS),
            f"{one.share:.0%}",
            f"{ROUTER_AIM:.0%}",
        )
        for one in costs
    ]
    show_table(columns, rows, title=say("路由进程的处理器时间", "Where the router's time on the processor goes"))


def _batches(measured: Measured) -> None:
    columns = [("操作", "what"), ("逐条 /s", "single /s"), ("每批 200 /s", "200 a batch /s"), ("倍数", "gain")]
    named = [(say("落盘提交", "synced commits, rows"), measured.commits),
             (say("发布、取件、确认", "publish, take, acknowledge"), measured.messages)]  # fmt: skip
    rows = [
        (name, f"{one.single_per_second:.0f}", f"{one.batched_per_second:.0f}", f"× {one.gain:.1f}")
        for name, one in named
    ]
    show_table(columns, rows, title=say("批量与逐条", "Batches against single steps"))


def _memory(memory: Memory) -> None:
    columns = [("空闲节点", "idle node"), ("RSS MiB", "RSS MiB"), ("PSS MiB", "PSS MiB")]
    rows = [
        (say("1 个单位", "1 unit"), f"{memory.one_rss / 1024:.1f}", f"{memory.one_pss / 1024:.1f}"),
        (f"{memory.units} {say('个单位', 'units')}", f"{memory.all_rss / 1024:.1f}", f"{memory.all_pss / 1024:.1f}"),
        (say("每个单位增加", "each unit adds"), "", f"{memory.per_unit:.0f} KiB (< {UNIT_AIM_KIB})"),
    ]
    show_table(columns, rows, title=say("内存", "Memory"))
