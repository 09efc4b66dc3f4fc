"""A trial of an adapter: the cases one after another, each on a stage of its own.

What a play raises that is no verdict is a failure, too: nothing is left out in silence.

Not here: the cases; how the report looks (`report`).
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from exchange.adapters.registry import AdapterKind, Place
from exchange.conformance import asking, breaking, deciding, recalls, receipts, receiving, sending
from exchange.conformance.bench import Bench, BenchKind, Site
from exchange.conformance.calling import CallingStage, Face, Serve
from exchange.conformance.case import Case, Ending, FailedError, NotApplicableError, Verdict
from exchange.conformance.county import County
from exchange.conformance.gate import Gate
from exchange.conformance.outward import Outward
from exchange.conformance.stage import Stage
from exchange.errors import YidiError
from exchange.ports.office import OfficeAdapter
from exchange.settings import read_table

__all__ = ["ADAPTER_CASES", "Booth", "try_adapter", "try_target"]

ADAPTER_CASES: Final[tuple[Case, ...]] = (
    *asking.CASES,
    *receiving.CASES,
    *sending.CASES,
    *receipts.CASES,
    *deciding.CASES,
    *recalls.CASES,
    *breaking.CASES,
)


@dataclass
class Booth:
    """Makes stages. `table`, `extra`, `data`: of a settings file, or nothing. `patience`: see `Stage`. `most_plays`:
    how many plays a case that breaks everything once may take, None for all; `part` of `parts`: which of them, for
    several processes. `serve`: without an adapter, of an office that calls: serves it a node."""

    name: str
    adapter: AdapterKind | None
    bench: BenchKind
    table: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    data: Path | None = None
    patience: float = 0.0
    most_plays: int | None = None
    part: int = 0
    parts: int = 1
    serve: Serve | None = None
    _shared: tuple[Bench, Site] | None = None
    _called: tuple[County, Gate, Face] | None = None

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        with ExitStack() as stack:
            bench, site = self._shared or self._open(stack)
            stage = self._stage(bench, site)
            stack.callback(stage.close)
            try:
                yield stage
            except NotApplicableError:
                raise
            except Exception:
                stage.let_go()
                raise

    def _stage(self, bench: Bench, site: Site) -> Stage:
        outward = Outward([site.data, site.folder])
        patience = 0.0 if self.bench.simulated and not self.table else self.patience
        if self._called is not None:
            county, gate, face = self._called
            return CallingStage(
                bench=bench,
                outward=outward,
                another=self.stage,
                patience=patience,
                chosen=self._chosen,
                county=county,
                gate=gate,
                face=face,
            )
        adapter = self.adapter
        assert adapter is not None
        settings = read_table(adapter.Settings, bench.settings(), f"offices.{self.name}")
        place = Place(name=self.name, data=site.data, offices=site.folder)

        def opened() -> OfficeAdapter:
            return adapter.open(settings, place)

        return Stage(bench, outward, self.stage, patience, self._chosen, opened)

    def _chosen(self, numbers: Sequence[int]) -> Sequence[int]:
        """Of the steps of a story, those at which something is to break: spread evenly."""
        mine, most = numbers[self.part :: self.parts], self.most_plays
        return mine if most is None or len(mine) <= most else [mine[i * len(mine) // most] for i in range(most)]

    @property
    def _alone(self) -> bool:
        """Whether each play has an office of its own: what a settings file names is there once, and so is whoever
        calls."""
        return self.bench.simulated and not self.table and self.serve is None

    @contextmanager
    def open(self) -> Iterator[None]:
        """A real office is entered once."""
        with ExitStack() as stack:
            self._shared = None if self._alone else self._open(stack)
            if self.serve is not None:
                assert self._shared is not None
                county, gate = County(), Gate()
                face = stack.enter_context(self.serve(county.ours, gate, self._shared[0].told_at()))
                self._called = county, gate, face
            yield
            self._shared = self._called = None

    def _open(self, stack: ExitStack) -> tuple[Bench, Site]:
        memory = Path("/dev/shm")  # noqa: S108  # deaths here are exceptions: nothing depends on what was synced
        base = memory if self.bench.simulated and not self.table and memory.is_dir() else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="yidi-conformance-", dir=base)))
        site = Site(table=self.table, extra=self.extra, data=self.data or folder, folder=folder)
        bench = self.bench.open(site)
        stack.callback(bench.close)
        return bench, site


def try_adapter(
    booth: Booth, cases: Sequence[Case] = ADAPTER_CASES, told: Callable[[Verdict], None] = lambda _one: None
) -> list[Verdict]:
    """Every case; `told` hears of each as it ends. Raises InputError, AdapterError when bench or adapter cannot be
    opened at all."""
    with booth.open():
        with booth.stage():  # what is wrong with settings is no case's failure
            pass
        return _try(cases, partial(_play, booth), told)


def try_target(
    target: object, cases: Sequence[Case], told: Callable[[Verdict], None] = lambda _one: None
) -> list[Verdict]:
    """The same with what needs no stage: cases of a URL play against `target`."""
    return _try(cases, lambda case: case.play(target), told)


def _try(cases: Sequence[Case], play: Callable[[Case], None], told: Callable[[Verdict], None]) -> list[Verdict]:
    verdicts = []
    for case in cases:
        verdicts.append(_verdict(case, play))
        told(verdicts[-1])
    return verdicts


def _play(booth: Booth, case: Case) -> None:
    with booth.stage() as stage:
        try:
            case.play(stage)
        except FailedError as failure:
            raise FailedError(
                *failure.seen, *(f"节点日志 node's log: {one}" for one in stage.complaints())
            ) from failure


def _verdict(case: Case, play: Callable[[Case], None]) -> Verdict:
    """How a case ends."""
    began = time.monotonic()
    seen: tuple[str, ...] = ()
    ending = Ending.PASSED
    try:
        play(case)
    except NotApplicableError as reason:
        ending, seen = Ending.NOT_APPLICABLE, (str(reason),)
    except FailedError as failure:
        ending, seen = Ending.FAILED, failure.seen
    except YidiError as error:
        ending, seen = Ending.FAILED, (f"{error} {error.detail}",)
    except Exception as error:  # noqa: BLE001  # adapter and bench are anybody's code
        ending, seen = Ending.FAILED, (f"{type(error).__name__}: {error}", *_where(error))
    return Verdict(case=case, ending=ending, seen=seen, seconds=time.monotonic() - began)


def _where(error: BaseException) -> Iterator[str]:
    """The last lines of code that it came through."""
    trace = error.__traceback__
    lines = []
    while trace is not None:
        code = trace.tb_frame.f_code
        lines.append(f"{Path(code.co_filename).name}:{trace.tb_lineno} {code.co_name}")
        trace = trace.tb_next
    yield from lines[-3:]
