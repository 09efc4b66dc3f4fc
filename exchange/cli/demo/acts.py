"""What the people of the demo county do, act by act. Each act waits until the exchange has done its part, or gives
up loudly."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from exchange.cli.demo import attacks, documents
from exchange.cli.demo.stage import DemoError, Say, Stage
from exchange.errors import RefusedError
from exchange.model.envelope import EnvelopeKey
from exchange.model.events import BusinessState, Event, TransportState
from exchange.model.fold import DeliveryState
from exchange.model.receipt import Reason
from exchange.model.unit import Unit, UnitCode, UnitKind
from exchange.ports.node import Box, NodeStore
from exchange.ports.office import Draft
from exchange.ports.records import DeliveryRecord
from exchange.trust.digest import sha256_hex

__all__ = ["County", "person_of"]

# Names of the people who sign; who they are is as invented as the documents.
_PEOPLE = ("张伟", "王芳", "李娜", "刘洋", "陈静", "杨帆", "赵磊", "黄敏", "周涛", "吴霞")


@dataclass(kw_only=True)
class County:
    """The running exchange and its people. `notes` collects what the report will say."""

    stage: Stage
    units: list[Unit]
    say: Say
    today: date
    notes: dict[str, object] = field(default_factory=dict)

    @property
    def office(self) -> Unit:
        return next(unit for unit in self.units if unit.name == "区政府办")

    @property
    def townships(self) -> list[Unit]:
        return [unit for unit in self.units if unit.kind is UnitKind.TOWNSHIP]

    # act 2: the notice

    def send_notice(self) -> EnvelopeKey:
        """To every group; each unit verifies, stores, hands over, and a named person signs."""
        groups = [f"kind-{kind.value}" for kind in UnitKind if any(unit.kind is kind for unit in self.units)]
        key = self._submit(documents.notice(self.office, groups, self.today))
        self._await("notice-delivered", key, lambda state: state.transport is TransportState.DELIVERED)
        self._await("notice-handed-over", key, lambda state: state.imported is not None)
        for number, unit in enumerate(self._others(), 1):
            self.stage.node(unit.code).decider.sign(unit.code, key, person_of(unit))
            self.say("notice-signing", number, len(self.units) - 1)
        self._await("notice-signed", key, lambda state: state.business is BusinessState.SIGNED)
        return key

    # act 3: reports, a rejection, a recall

    def report_back(self, notice: EnvelopeKey) -> None:
        office = self.office
        keys = [self._submit(documents.report(unit, office.code, 1, notice.id, self.today)) for unit in self.townships]
        for number, key in enumerate(keys):
            self._await("reports-delivered", key, lambda state: state.transport is TransportState.DELIVERED, quiet=True)
            if number == 0:
                self.stage.node(office.code).decider.reject(
                    office.code, key, person_of(office), Reason.INCOMPLETE, "缺少值班电话，请补正后重报"
                )
            else:
                self.stage.node(office.code).decider.sign(office.code, key, person_of(office))
            self.say("reports", number + 1, len(keys))
        self._await("rejected", keys[0], lambda state: state.business is BusinessState.REJECTED)
        self.notes["rejected"] = str(keys[0])

    def recall_letter(self) -> None:
        sender, receiver = self.townships[0], self.office
        key = self._submit(documents.recalled_letter(sender, receiver.code, self.today))
        self._await("letter-delivered", key, lambda state: state.transport is TransportState.DELIVERED, quiet=True)
        self.stage.node(sender.code).recaller.recall(key, person_of(sender), "时间有变，另行函告")
        self._await("recalled", key, lambda state: state.business is BusinessState.RECALLED)
        self.notes["recalled"] = str(key)

    # act 4: what must not pass

    def refuse_classified(self) -> None:
        try:
            self._submit(documents.classified(self.office, self._others()[0].code, self.today))
        except RefusedError as error:
            if error.code != "SECRECY":
                raise
            self.notes["classified"] = error.message
            self.say("classified-refused", 1, 1)
            return
        raise DemoError("a document marked 机密 was accepted for sending")

    def replay_notice(self, notice: EnvelopeKey) -> None:
        """The same bytes again: the answer must be the original receipt, byte for byte, and nothing else may change."""
        document, original = self._sent(notice)
        before = self._ledger_size(notice)
        with self.stage.overhear(notice.sender) as heard:
            self.stage.put_on_wire(notice.sender, document)
            self._await_that("duplicate-answered", lambda: original in heard())
        if self._ledger_size(notice) != before:
            raise DemoError("the duplicate left a second entry in the ledger")

    def refuse_forgeries(self, notice: EnvelopeKey) -> None:
        document, _ = self._sent(notice)
        thief = self.townships[0]
        node = self.stage.node(thief.code).node
        forged = attacks.impersonated(document, node.ids.new(), node.keys(thief.code))
        for act, user, body in (
            ("tampered-refused", notice.sender, attacks.tampered(document)),
            ("impersonated-refused", thief.code, forged),
        ):
            self.stage.put_on_wire(user, body)
            digest = sha256_hex(body)
            self._await_that(act, lambda digest=digest: self._refusal_code(digest) is not None)  # type: ignore[misc]
            self.notes[act] = self._refusal_code(digest)

    # act 5: the second dispatch, which is interrupted

    def dispatch(self, number: int) -> list[EnvelopeKey]:
        """Submit `number` notices to everybody without waiting for any of them."""
        return [self._submit(documents.dispatch(self.office, "all", n, self.today)) for n in range(1, number + 1)]

    def await_dispatch(self, number: int) -> list[EnvelopeKey]:
        """After the restart: the same references name the same documents, and each must reach everybody."""
        keys = self.dispatch(number)
        for done, key in enumerate(keys, 1):
            self._await(
                "dispatch-delivered", key, lambda state: state.transport is TransportState.DELIVERED, quiet=True
            )
            self.say("dispatch", done, number)
        return keys

    def until_delivered(self, keys: Sequence[EnvelopeKey], wanted: int) -> int:
        """Wait for that many inbox items of these documents; how many there were then, for a kill to follow at once."""
        deadline = time.monotonic() + self.stage.patience_seconds
        while (delivered := self.delivered(keys)) < wanted:
            if time.monotonic() > deadline:
                raise DemoError(f"second dispatch: {delivered} delivered, {wanted} expected; {self.stage.trouble()}")
            time.sleep(0.005)
        return delivered

    def delivered(self, keys: Sequence[EnvelopeKey]) -> int:
        """Inbox items of these documents that recipients hold now, told or untold."""
        at_node: dict[NodeStore, list[UnitCode]] = defaultdict(list)
        for unit in self._others():
            at_node[self.stage.node(unit.code).node.store].append(unit.code)
        count = 0
        for store, codes in at_node.items():
            with store.begin() as session:
                count += len(session.documents(Box.INBOX, [(code, key) for code in codes for key in keys]))
        return count

    # waiting

    def _submit(self, draft: Draft) -> EnvelopeKey:
        return self.stage.node(draft.sender).submitter.submit(draft).key

    def _others(self) -> list[Unit]:
        return [unit for unit in self.units if unit is not self.office]

    def deliveries(self, key: EnvelopeKey) -> list[DeliveryRecord]:
        with self._store(key.sender).begin() as session:
            return session.deliveries(key.sender, key)

    def _await(
        self, act: str, key: EnvelopeKey, reached: Callable[[DeliveryState], bool], *, quiet: bool = False
    ) -> None:
        """Until the sender knows that every recipient is there."""

        def look() -> bool:
            states = [record.state for record in self.deliveries(key)]
            done = sum(map(reached, states))
            if not quiet:
                self.say(act, done, len(states))
            return done == len(states)

        self._await_that(act, look, announce=False)

    def _await_that(self, act: str, reached: Callable[[], bool], *, announce: bool = True) -> None:
        patience = self.stage.patience_seconds
        deadline = time.monotonic() + patience
        while not reached():
            if time.monotonic() > deadline:
                raise DemoError(f"{act}: not done after {patience:.0f} s; {self.stage.trouble()}")
            time.sleep(0.1)
        if announce:
            self.say(act, 1, 1)

    # looking

    def _store(self, unit: UnitCode) -> NodeStore:
        return self.stage.node(unit).node.store

    def _sent(self, key: EnvelopeKey) -> tuple[bytes, bytes]:
        """The envelope as sent, and the ACCEPTED receipt as the sender got it."""
        with self._store(key.sender).begin() as session:
            document = session.documents(Box.SENT, [(key.sender, key)])[(key.sender, key)].document
            receipts = session.receipts_of(key.sender, key)
        return document, next(r.document for r in receipts if r.event is Event.ACCEPTED)

    def _ledger_size(self, key: EnvelopeKey) -> int:
        with self.stage.hub_store.begin() as session:
            return sum(entry.kind == "ENVELOPE" for _, entry in session.entries_of(key))

    def _refusal_code(self, digest: str) -> str | None:
        with self.stage.hub_store.begin() as session:
            return next((row.code for row in session.quarantined(1000) if row.digest == digest), None)


def person_of(unit: Unit) -> str:
    return _PEOPLE[int(UnitCode(unit.code)[-3:]) % len(_PEOPLE)]
