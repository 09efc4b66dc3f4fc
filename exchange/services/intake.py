"""Taking a batch: what a worker may do with each message, and the one rule for what nobody foresaw.

A judgement that fails with an error of ours is an outcome. Anything else is a bug or a broken machine: it counts as
temporary, its attempts are counted in the store, and after enough of them the message is set aside with its bytes,
so that it blocks nobody. That holds for what breaks the transaction of its whole batch, too. Used by the services on
both sides; knows no document.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from exchange.errors import ConflictError, InvalidValueError, StorageError, YidiError
from exchange.ports.transport import Delivered

__all__ = ["Intake", "judge_each", "look_again", "serve_apart"]

Judgement = TypeVar("Judgement")

_LOOKS = 10


@dataclass(slots=True)
class Intake(Generic[Judgement]):
    """A batch after judging. `poison`: set aside now; `again`: back to the queue."""

    judged: list[Judgement] = field(default_factory=list)
    again: list[Delivered] = field(default_factory=list)
    poison: list[tuple[Delivered, str]] = field(default_factory=list)


def judge_each(
    batch: Sequence[Delivered],
    judge: Callable[[Delivered], Judgement],
    count_failure: Callable[[Delivered], int],
    attempts: int,
) -> Intake[Judgement]:
    """Judge every message by itself: the one that breaks us must not take its neighbours along."""
    intake: Intake[Judgement] = Intake()
    for message in batch:
        try:
            intake.judged.append(judge(message))
        except StorageError:
            raise  # the whole batch waits: nothing can be decided without the store
        except YidiError as error:
            intake.poison.append((message, error.code))
        except Exception as error:  # noqa: BLE001  # one message's bug must not stop the others
            if count_failure(message) >= attempts:
                intake.poison.append((message, f"BUG {type(error).__name__}"))
            else:
                intake.again.append(message)
    return intake


def serve_apart(
    batch: Sequence[Delivered],
    serve: Callable[[Sequence[Delivered]], int],
    stumble: Callable[[Delivered, Exception], None],
) -> int:
    """Serve the batch as one. When a bug breaks it as a whole, serve each message by itself, and let `stumble` handle
    the one that breaks even so."""
    try:
        return serve(batch)
    except Exception as error:
        # An error of ours is about the store, the directory or the broker; a value that our own model refuses is a bug.
        if isinstance(error, YidiError) and not isinstance(error, InvalidValueError):
            raise
        if len(batch) == 1:
            stumble(batch[0], error)
            return 0
    return sum(serve_apart([message], serve, stumble) for message in batch)


def look_again(serve: Callable[[], int]) -> int:
    """`serve`, once more when another worker recorded one of the batch between our look and our commit: on the next
    look it is a duplicate. Each worker beside us may do that to us once. Raises ConflictError after many."""
    for _ in range(_LOOKS - 1):
        with suppress(ConflictError):
            return serve()
    return serve()


def tags(messages: Iterable[Delivered]) -> list[int]:
    return [message.tag for message in messages]
