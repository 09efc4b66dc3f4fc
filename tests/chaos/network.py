"""A network of the run's own, in which packets can be lost in silence: nobody is told, both ends go on waiting.

    enter()            this program again, in a network namespace that nothing else of the machine is in
    lose(ports, ...)   from now on packets to and from these ports are dropped, all of them or some

The kernel's own filter does it, so that what is lost is packets and not what a proxy has read. That needs root and nft;
elsewhere a run has the lines of `exchange.trial.proxy` alone, and says so.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from functools import partial

from tests.chaos.county import Undo

__all__ = ["enter", "is_own", "is_possible", "lose"]

_VARIABLE = "CHAOS_NETWORK"
_PROBE = "nft add table inet probe && nft delete table inet probe && ip link set lo up"


def enter(module: str, arguments: Sequence[str]) -> None:
    """Does not return where there may be such a network and this is not in one yet."""
    if is_own() or not is_possible():
        return
    os.environ[_VARIABLE] = "own"
    command = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "--net", "sh", "-c", command, "sh", sys.executable, "-m", module, *arguments])


def is_own() -> bool:
    return os.environ.get(_VARIABLE) == "own"


def lose(ports: Iterable[int], percent: int = 100) -> Undo:
    """Both ways. What was lost is sent again by TCP when this has ended, and not before."""
    name, wanted = f"lost{next(_numbers)}", ", ".join(map(str, ports))
    drop = "drop" if percent >= 100 else f"numgen random mod 100 < {percent} drop"
    rules = "".join(f"tcp {way} {{ {wanted} }} {drop}\n" for way in ("dport", "sport"))
    _nft(f"table inet {name} {{\nchain input {{\ntype filter hook input priority 0\n{rules}}}\n}}\n")
    return partial(_nft, f"delete table inet {name}\n")


def is_possible() -> bool:
    """Whether this machine lets us have one."""
    try:
        done = subprocess.run(["unshare", "--net", "sh", "-c", _PROBE], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return os.geteuid() == 0 and done.returncode == 0


def _nft(rules: str) -> None:
    subprocess.run(["nft", "-f", "-"], input=rules, text=True, check=True, capture_output=True)


_numbers = iter(range(1_000_000))
