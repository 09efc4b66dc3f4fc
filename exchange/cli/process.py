"""What every long-running command does: be alone in its data directory, show itself to machines, stop on a signal."""

import atexit
import fcntl
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import TYPE_CHECKING

from exchange.cli.failure import fail
from exchange.cli.language import say
from exchange.cli.manager import tell_alive, tell_ready, tell_stopping

if TYPE_CHECKING:
    from exchange.ports.telemetry import Log
    from exchange.settings import Traces, Web
    from exchange.telemetry import PrometheusMetrics, StructLog
    from exchange.web.serve import Server
    from exchange.wiring.layout import Layout
    from workers.loops import Loops

__all__ = [
    "alone",
    "block_signals",
    "open_face",
    "open_log",
    "programs_at",
    "run_until_signal",
    "shown_at",
    "told_to_stop",
]

_SIGNALS = {signal.SIGTERM, signal.SIGINT}
# A round is as long as its longest step: a batch of large files takes its time.
_STUCK_SECONDS = 120.0
_SHOW_SECONDS = 10.0
_UNWIND_SECONDS = 1.5  # for the address file and the like


def block_signals() -> None:
    """Before the first thread starts, so that all inherit it: signals wait for `run_until_signal` and interrupt no
    step."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)


def told_to_stop(within_seconds: float) -> bool:
    """Waits so long for SIGTERM or SIGINT. To a process that was halted meanwhile and goes on, CPython 3.11 tells of a
    signal that it makes up out of whatever lies in memory."""
    told = signal.sigtimedwait(_SIGNALS, within_seconds)
    return told is not None and told.si_signo in _SIGNALS


@contextmanager
def alone(data: Path, what: str) -> Iterator[None]:
    """Two processes over one data directory would be two of each: the second is refused. `what`: the command."""
    with (data / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise fail("RUNNING", f"{data} 上已有 {what} 在运行", f"a {what} runs on {data} already") from error
        yield


def open_log(
    process: str, traces: "Traces | None" = None, root: Path = Path()
) -> "tuple[PrometheusMetrics, StructLog]":
    """Metrics and log of this process. From here on standard error is the log's: one JSON object a line. `traces`:
    where lines about documents go, too; its files are relative to `root`. Raises InputError."""
    from exchange.telemetry import configure_log, log_foreign, make_metrics
    from exchange.wiring.traces import open_traces

    metrics = make_metrics()
    spans = open_traces(traces, root, process, metrics) if traces is not None and traces.endpoint else None
    if spans is not None:
        atexit.register(spans.close)  # the last lines are those of the stop
    log = configure_log(metrics=metrics, process=process, also=spans.take if spans is not None else None)
    log_foreign(log)
    return metrics, log


def open_face(
    loops: "Loops",
    metrics: "PrometheusMetrics",
    web: "Web | None" = None,
    *,
    port: int | None = None,
    workers: Path | None = None,
    planned: Sequence[str] = (),
) -> "Server":
    """/metrics, /livez, /readyz of one process, not yet listening. `port`: in place of the one of `web`. `workers`: the
    folder with the addresses of all workers, for /targets, where all that are `planned` stand."""
    from exchange.settings import Web
    from exchange.web.health import create_app
    from exchange.web.serve import Server

    web = web or Web()

    def faults() -> dict[str, str | None]:
        stuck = loops.seconds_since_round() >= _STUCK_SECONDS
        return {"loops": "stuck" if stuck else None, **loops.faults()}

    def is_live() -> bool:
        return loops.seconds_since_round() < _STUCK_SECONDS

    app = create_app(metrics.render, is_live, faults, metrics.render_units)
    if web.prometheus:
        from exchange.remote.prometheus import PrometheusClient
        from exchange.web.dashboards import add_dashboards

        add_dashboards(app, PrometheusClient(web.prometheus))
    if workers is not None:
        from exchange.web.targets import add_targets

        add_targets(app, workers, planned)
    return Server(app, web.host, web.port if port is None else port)


@contextmanager
def shown_at(path: Path, url: str, log: "Log") -> Iterator[None]:
    """The address of this process in a file, for whoever looks for it. A full disk must not keep a process from
    working: it is written as soon as there is room."""
    ended = Event()

    def show() -> bool:
        try:
            path.parent.mkdir(exist_ok=True)
            path.write_text(url + "\n", encoding="utf-8")
        except OSError as error:
            log.warning("address_not_shown", detail=str(error))
            return False
        return True

    def show_later() -> None:
        while not ended.wait(_SHOW_SECONDS) and not show():
            pass

    later = None if show() else Thread(target=show_later, name="show", daemon=True)
    if later:
        later.start()
    try:
        yield
    finally:
        ended.set()
        if later:
            later.join()
        path.unlink(missing_ok=True)


@contextmanager
def programs_at(layout: "Layout", loops: "Loops", log: "Log") -> Iterator[None]:
    """Say where programs are served, if they are."""
    if not loops.api_url:
        yield
        return
    with shown_at(layout.api_url, loops.api_url, log):
        print(say("程序接口", "programs are served at"), f"{loops.api_url}/api/v1", flush=True)
        yield


def run_until_signal(loops: "Loops", *, with_parent: bool = False) -> None:
    """Whatever ends the loops before a signal comes is raised here. `with_parent`: end, too, when whoever started
    this process is gone."""
    parent = os.getppid()
    with ThreadPoolExecutor(1, thread_name_prefix="machine") as pool:
        running = pool.submit(loops.run)
        tell_ready()
        while not running.done():
            told = told_to_stop(0.5)
            if loops.seconds_since_round() < _STUCK_SECONDS:
                tell_alive()
            if told or (with_parent and os.getppid() != parent):
                tell_stopping()
                print(say("正在停止……", "stopping ..."), flush=True)
                loops.stop()
                break
        running.result()
    if loops.left:  # Python waits at its end for the threads of pools, and a loop that was left may wait for one
        Thread(target=_end_soon, name="end", daemon=True).start()


def _end_soon() -> None:
    time.sleep(_UNWIND_SECONDS)
    os._exit(0)
