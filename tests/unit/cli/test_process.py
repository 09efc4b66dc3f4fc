"""A process that is told to stop while a loop of it waits for somebody."""

import signal
import subprocess
import sys

import pytest

# The loop waits for a thread of a pool, for which Python waits at its end.
WAITING = """
import threading
from concurrent.futures import ThreadPoolExecutor
import workers.loops
from exchange.cli.process import block_signals, run_until_signal
from exchange.testing.clock import FakeClock
from exchange.testing.metrics import RecordingLog, RecordingMetrics
from workers.loops import Loops
from workers.runner import Runner, Step

workers.loops._PATIENCE_SECONDS = 0.1
block_signals()
pool = ThreadPoolExecutor(1)

def ask():
    asked = pool.submit(threading.Event().wait)
    print("asked", flush=True)
    return asked.result()

runner = Runner("node", [Step(name="a", run=ask)], FakeClock(), RecordingMetrics(), RecordingLog())
run_until_signal(Loops([runner], [], RecordingLog()))
"""


@pytest.mark.timeout(120)
def test_it_ends_though_a_thread_of_a_pool_never_does() -> None:
    with subprocess.Popen([sys.executable, "-c", WAITING], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"asked\n"
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
