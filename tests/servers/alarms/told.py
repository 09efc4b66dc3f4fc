"""What people are told: a webhook that Alertmanager calls, and in what it heard the turns of each alarm."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import NamedTuple

__all__ = ["AGAIN", "BEGINS", "OVER", "Alarm", "Notification", "name_of", "receiver", "turns"]

BEGINS, OVER, AGAIN = "begins", "over", "again"


class Alarm(NamedTuple):
    """One alert with all its labels, and how it is called here."""

    name: str
    fingerprint: str


class Notification(NamedTuple):
    """One message to people, of one alert at all its places."""

    alert: str
    firing: frozenset[Alarm]
    over: frozenset[Alarm]


def name_of(labels: Mapping[str, str]) -> str:
    """`YidiDown node-1`: the alert with what it is about, the most exact of its labels."""
    place = next((labels[name] for name in ("unit", "queue", "instance") if name in labels), "")
    return f"{labels['alertname']} {place}".strip()


def turns(heard: Iterable[Notification]) -> dict[Alarm, list[str]]:
    """What was told of each, in order. A message that tells nothing new says it `again` of all in it."""
    told: dict[Alarm, list[str]] = {}
    for one in heard:
        open_ = {alarm for alarm, before in told.items() if before[-1] is not OVER}
        news = [(alarm, BEGINS) for alarm in one.firing - open_] + [(alarm, OVER) for alarm in one.over & open_]
        for alarm, turn in news or [(alarm, AGAIN) for alarm in one.firing | one.over]:
            told.setdefault(alarm, []).append(turn)
    return told


@contextmanager
def receiver() -> Iterator[tuple[str, list[Notification]]]:
    """A receiver's address, and what it hears."""
    heard: list[Notification] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            by_state: dict[str, set[Alarm]] = {"firing": set(), "resolved": set()}
            for one in body["alerts"]:
                by_state[one["status"]].add(Alarm(name_of(one["labels"]), one["fingerprint"]))
            heard.append(
                Notification(
                    body["groupLabels"]["alertname"], frozenset(by_state["firing"]), frozenset(by_state["resolved"])
                )
            )
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/", heard
        server.shutdown()
        thread.join()
