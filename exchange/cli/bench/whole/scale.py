"""One router against two: how fast each empties the same backlog, all other workers and the nodes being off.

The first tenth is not timed: a router takes it while it comes up. Not here: what they do together with the others
(`load`), where two cores are shared by ten processes.
"""

import time
from collections.abc import Sequence

from exchange.cli.bench.whole.load import documents_held, send
from exchange.cli.bench.whole.result import Scaled
from exchange.cli.bench.whole.stage import Stage
from exchange.topology import Lane, work_queue
from exchange.trial.process import Program

__all__ = ["measure_routers"]


def measure_routers(stage: Stage, documents: int) -> list[Scaled]:
    """`documents` for each router, with one and with all of the stage's."""
    routers = [program for name, program in stage.trial.workers.items() if name.startswith("router-")]
    return [_drain(stage, routers[:count], documents * count) for count in sorted({1, len(routers)})]


def _drain(stage: Stage, routers: Sequence[Program], documents: int) -> Scaled:
    stage.rest()
    everybody, sender = stage.trial.programs(), stage.trial.nodes[0].program
    for program in everybody:
        if program is not sender:
            program.stop()
    for number in range(documents):
        send(stage, number, stage.recipients(1))
    stage.until(lambda: _waiting(stage) >= documents, "waiting for a router", every_seconds=1.0)
    sender.stop()
    known = documents_held(stage)
    for router in routers:
        router.start()
    stage.until(lambda: documents_held(stage) >= known + documents // 10, "a tenth", every_seconds=0.01)
    done, began = documents_held(stage), time.monotonic()
    stage.until(lambda: documents_held(stage) >= known + documents, "routed", every_seconds=0.01)
    seconds = time.monotonic() - began
    for program in everybody:
        program.start()
    return Scaled(routers=len(routers), documents=known + documents - done, seconds=seconds)


def _waiting(stage: Stage) -> int:
    rows = stage.trial.broker.rabbitmqctl("list_queues", "name", "messages").splitlines()
    return next(int(row.split("\t")[1]) for row in rows if row.startswith(f"{work_queue(Lane.NORMAL)}\t"))
