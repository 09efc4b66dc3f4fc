"""What was measured of the whole system, as tables and as JSON with stable keys. The tables stand in the order of
docs/performance.md, so that a run can be copied there."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from exchange.cli.bench.whole.result import Growth, Latency, Measured, Parts, Peer, Run, Scaled
from exchange.cli.bench.whole.stage import Cpu
from exchange.cli.language import say
from exchange.cli.output import show_table

__all__ = ["render", "value_of"]

# What a good exchange of this kind should reach on two free cores; the tables say how far it got.
RATE_AIMS = {1: 1000, 128: 1500}
SHARE_AIM, PEER_AIM, P99_AIM_MS = 0.70, 20, 1000

_SUMMED = ("sign", "verify", "commit", "broker")
_PART_NAMES = {
    "sign_envelope": ("签名，公文", "sign a document"),
    "sign_receipt": ("签名，回执", "sign a receipt"),
    "verify_envelope": ("验签，公文", "verify a document"),
    "verify_receipt": ("验签，回执", "verify a receipt"),
    "broker": ("RabbitMQ 发布、确认、取件、应答", "RabbitMQ: publish, confirm, take, acknowledge"),
    "commit_postgresql": ("PostgreSQL 落盘，每批 200 行", "PostgreSQL: commit a row, 200 a batch"),
    "commit_sqlite": ("SQLite 落盘，每批 200 行", "SQLite: commit a row, 200 a batch"),
}


def value_of(measured: Measured) -> dict[str, Any]:
    backlog, peer = measured.backlog, measured.peer
    return {
        "machine": asdict(measured.machine),
        "nodes": measured.nodes,
        "units": measured.units,
        "start_seconds": round(measured.start_seconds, 1),
        "seconds": round(measured.seconds, 1),
        "accepted_per_second": round(backlog.accepted_per_second, 1),
        "deliveries": [_run_value(run) for run in measured.runs],
        "latency_ms": {"idle": asdict(measured.idle), "half_load": {**asdict(measured.half), "aim_p99": P99_AIM_MS}},
        "backlog": {
            "documents": backlog.documents,
            "accept_seconds": round(backlog.accept_seconds, 2),
            "accept_cpu_seconds": _cpu(backlog.accept_cpu),
            "catch_up_seconds": round(backlog.catch_up_seconds, 2),
            "catch_up_cpu_seconds": _cpu(backlog.catch_up_cpu),
            "caught_up_per_second": round(backlog.caught_up_per_second, 1),
        },
        "memory_kib": dict(measured.memory_kib),
        "growth": {
            "units": [_growth_value(one) for one in measured.units_growth],
            "ledger": [_growth_value(one) for one in measured.ledger_growth],
        },
        "routers": [
            {"routers": one.routers, "documents": one.documents, "per_second": round(one.per_second, 1)}
            for one in measured.routers
        ],
        "parts": _parts_value(measured.parts),
        "peer": None if peer is None else _peer_value(peer, measured.runs),
    }


def _run_value(run: Run) -> dict[str, Any]:
    return {
        "recipients": run.recipients,
        "documents": run.documents,
        "seconds": round(run.seconds, 3),
        "per_second": round(run.per_second, 1),
        "aim_per_second": RATE_AIMS.get(run.recipients),
        "cpu_us": round(run.cpu_us, 1),
        "per_second_and_core": round(run.per_core, 1),
        "cpu_seconds": _cpu(run.cpu),
    }


def _growth_value(one: Growth) -> dict[str, Any]:
    return {"size": one.size, "grow_seconds": round(one.grow_seconds, 1), "note": one.note, **_run_value(one.run)}


def _parts_value(parts: Parts) -> dict[str, Any]:
    return {
        "raw_us": {part.name: {"client": round(part.client_us, 1), "server": round(part.server_us, 1)}
                   for part in parts.raw},
        "sums": [
            {
                "recipients": one.recipients,
                **{f"{name}_us": round(getattr(one, f"{name}_us"), 1) for name in _SUMMED},
                "sum_us": round(one.sum_us, 1),
                "whole_us": round(one.whole_us, 1),
                "share": round(one.share, 3),
            }
            for one in parts.rates
        ],
        "aim_share": SHARE_AIM,
    }  # fmt: skip


def _peer_value(peer: Peer, runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "name": f"pyas2lib {peer.version}",
        "exchanges": peer.exchanges,
        "cpu_us": round(peer.cpu_us, 1),
        "per_second_and_core": round(peer.per_core, 1),
        "times_faster": {str(run.recipients): round(run.per_core / peer.per_core, 1) for run in runs},
        "aim_times": PEER_AIM,
    }


def _cpu(cpu: Cpu) -> dict[str, float]:
    return {name: round(seconds, 3) for name, seconds in cpu.items()}


# for people


def render(measured: Measured) -> None:
    machine = measured.machine
    print(
        say(
            "这是测量，不是测试：数字随机器与负载变化，处理器时间与比值才可比较。",
            "A measurement and no test: numbers follow the machine and its load; CPU time and ratios hold.",
        )
    )
    print(f"{machine.cores} × {machine.cpu}, {machine.system}, Python {machine.python}, "
          f"{say('负载', 'load')} {machine.load}, {say('一次落盘', 'one sync')} {machine.sync_ms} ms")  # fmt: skip
    print(f"{measured.nodes} {say('个节点', 'nodes')}, {measured.units} {say('个单位', 'units')}; "
          f"{say('建立', 'founded in')} {measured.start_seconds:.0f} s, "
          f"{say('全程', 'all of it')} {measured.seconds:.0f} s\n")  # fmt: skip
    _rates(measured)
    _processes(measured.runs)
    _latency(measured)
    _backlog(measured)
    _memory(measured)
    _growth(measured)
    _routers(measured.routers)
    _parts(measured.parts)
    _peer(measured)


def _rates(measured: Measured) -> None:
    columns = [
        ("每件收文单位", "recipients"), ("件数", "documents"), ("投递 /s", "deliveries /s"), ("目标 /s", "aim /s"),
        ("每次投递处理器 µs", "CPU µs a delivery"), ("每核投递 /s", "deliveries /s a core"),
    ]  # fmt: skip
    rows = [
        (run.recipients, run.documents, f"{run.per_second:.0f}", RATE_AIMS.get(run.recipients, ""),
         f"{run.cpu_us:.0f}", f"{run.per_core:.0f}")
        for run in measured.runs
    ]  # fmt: skip
    show_table(
        columns, rows, title=say("投递（发文单位持有全部送达回执，已封存）", "Deliveries, receipts back, sealed")
    )
    accepted = measured.backlog.accepted_per_second
    print(f"{say('交换中心受理，一个收文单位', 'documents accepted, to one recipient')}: {accepted:.0f} /s\n")


def _processes(runs: Sequence[Run]) -> None:
    columns = [("进程", "process")]
    columns += [(f"{r.recipients} 个收文单位 µs", f"{r.recipients} recipients, µs") for r in runs]
    columns += [(f"占比 ({r.recipients})", f"share ({r.recipients})") for r in runs]
    rows = [
        (
            name,
            *(f"{run.cpu.get(name, 0.0) / run.deliveries * 1e6:.0f}" for run in runs),
            *(f"{run.cpu.get(name, 0.0) / sum(run.cpu.values()):.0%}" for run in runs),
        )
        for name in runs[0].cpu
    ]
    show_table(
        columns, rows, title=say("各进程每次投递的处理器时间", "Time on the processor of each process, a delivery")
    )
    print()


def _latency(measured: Measured) -> None:
    columns = [
        ("负载", "load"), ("投递 /s", "deliveries /s"), ("次数", "probes"), ("p50 ms", "p50 ms"), ("p95 ms", "p95 ms"),
        ("p99 ms", "p99 ms"), ("p99 目标 ms", "p99 aim ms"),
    ]  # fmt: skip

    def row(name: str, one: Latency, aim: object) -> tuple[object, ...]:
        return name, f"{one.load:.0f}", one.probes, f"{one.p50_ms:.0f}", f"{one.p95_ms:.0f}", f"{one.p99_ms:.0f}", aim

    rows = [row(say("空闲", "idle"), measured.idle, ""), row(say("半载", "half"), measured.half, f"< {P99_AIM_MS}")]
    show_table(
        columns, rows, title=say("时延（发出到发文单位持有送达回执）", "Latency, until the sender holds DELIVERED")
    )
    print()


def _backlog(measured: Measured) -> None:
    one = measured.backlog
    columns = [("步骤", "step"), ("件数", "documents"), ("用时 s", "seconds"), ("件 /s", "/s"), ("处理器 s", "CPU s")]
    rows = [
        (say("发出并受理，收文节点关闭", "sent and accepted, node off"), one.documents, f"{one.accept_seconds:.1f}",
         f"{one.accepted_per_second:.0f}", f"{sum(one.accept_cpu.values()):.1f}"),
        (say("节点启动后补收", "caught up once it is back"), one.documents, f"{one.catch_up_seconds:.1f}",
         f"{one.caught_up_per_second:.0f}", f"{sum(one.catch_up_cpu.values()):.1f}"),
    ]  # fmt: skip
    show_table(columns, rows, title=say("积压", "A backlog"))
    print()


def _memory(measured: Measured) -> None:
    rows = [(name, f"{kib / 1024:.0f}") for name, kib in measured.memory_kib.items()]
    show_table([("进程", "process"), ("PSS MiB", "PSS MiB")], rows, title=say("内存", "Memory"))
    print()


def _growth(measured: Measured) -> None:
    for title, size, grown in (
        (say("单位增多", "As units grow"), ("单位", "units"), measured.units_growth),
        (say("账本增长", "As the ledger grows"), ("账本条数", "entries"), measured.ledger_growth),
    ):
        columns = [
            size, ("投递 /s", "deliveries /s"), ("每次投递处理器 µs", "CPU µs a delivery"),
            ("增长用时 s", "growing, s"), ("其中", "of it"),
        ]  # fmt: skip
        rows = [
            (g.size, f"{g.run.per_second:.0f}", f"{g.run.cpu_us:.0f}", f"{g.grow_seconds:.1f}", g.note) for g in grown
        ]
        if rows:
            show_table(columns, rows, title=title)
            print()


def _routers(scaled: Sequence[Scaled]) -> None:
    columns = [("路由进程", "routers"), ("件数", "documents"), ("件 /s", "/s"), ("倍数", "times one")]
    rows = [
        (one.routers, one.documents, f"{one.per_second:.0f}", f"{one.per_second / scaled[0].per_second:.2f}")
        for one in scaled
    ]
    show_table(columns, rows, title=say("路由进程独自处理积压", "Routers alone, on a backlog"))
    print()


def _parts(parts: Parts) -> None:
    columns = [("单独的部分", "a part alone"), ("客户端 µs", "client µs"), ("服务器 µs", "server µs"), ("/s", "/s")]
    rows = [
        (say(*_PART_NAMES[part.name]), f"{part.client_us:.0f}", f"{part.server_us:.0f}", f"{1e6 / part.total_us:.0f}")
        for part in parts.raw
    ]
    show_table(columns, rows, title=say("各部分单独，处理器时间", "The parts alone, time on the processor"))
    print()
    columns = [
        ("每件收文单位", "recipients"), ("签名", "sign"), ("验签", "verify"), ("落盘", "commit"), ("消息", "broker"),
        ("合计 µs", "sum µs"), ("整体 µs", "whole µs"), ("占比", "share"), ("目标", "aim"),
    ]  # fmt: skip
    sums = [
        (str(o.recipients), f"{o.sign_us:.0f}", f"{o.verify_us:.0f}", f"{o.commit_us:.0f}", f"{o.broker_us:.0f}",
         f"{o.sum_us:.0f}", f"{o.whole_us:.0f}", f"{o.share:.0%}", f"{SHARE_AIM:.0%}")
        for o in parts.rates
    ]  # fmt: skip
    show_table(
        columns, sums, title=say("每次投递：各部分之和与整体", "A delivery: the sum of the parts, and the whole")
    )
    print()


def _peer(measured: Measured) -> None:
    peer = measured.peer
    if peer is None:
        return
    columns = [("同样的公文", "the same documents"), ("每核 /s", "/s a core"), ("倍数", "times"), ("目标", "aim")]
    rows: list[tuple[object, ...]] = [(f"pyas2lib {peer.version}", f"{peer.per_core:.0f}", "1", "")]
    rows += [
        (say(f"驿递，{run.recipients} 个收文单位", f"Yidi, {run.recipients} recipients"), f"{run.per_core:.0f}",
         f"{run.per_core / peer.per_core:.1f}", PEER_AIM)
        for run in measured.runs
    ]  # fmt: skip
    show_table(columns, rows, title=say("对照：pyas2lib 无存储、无传输", "The peer: pyas2lib, no store, no transport"))
