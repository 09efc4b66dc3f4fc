"""The county that is measured, and the documents it sends: short ones without files, so that what is measured is the
exchange and not a disk."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from exchange.cli.example import example_units
from exchange.directory.snapshot import Directory
from exchange.model.document import DocumentType, Metadata
from exchange.model.envelope import Declaration, Envelope, EnvelopeId, Recipient
from exchange.model.unit import Unit, UnitCode
from exchange.ports.office import Address, Draft
from exchange.ports.telemetry import Log
from exchange.wiring.enrolment import enroll_here, import_units
from exchange.wiring.hub import establish_hub, open_administration
from exchange.wiring.layout import Layout
from exchange.wiring.rooms import open_stores
from exchange.wiring.system import SystemIds

__all__ = ["HUB", "County", "draft", "envelopes", "found_county"]

HUB = "hub.520304"


@dataclass(frozen=True, slots=True, kw_only=True)
class County:
    layout: Layout
    units: Sequence[Unit]
    directory: Directory
    log: Log

    @property
    def sender(self) -> Unit:
        return self.units[0]

    @property
    def others(self) -> Sequence[Unit]:
        return self.units[1:]


def found_county(data: Path, count: int, log: Log, *, hosted: int | None = None) -> County:
    """A county of `count` units, of which this machine's node hosts `hosted`, by default all. No office systems."""
    layout = Layout(data)
    establish_hub(layout, HUB, "测量用公文交换中心", log)
    with layout.settings_file.open("a", encoding="utf-8") as file:
        file.write('office = "none"\n')
    units = example_units()[:count]
    settings = layout.settings()
    hub_store, node_store = open_stores(layout)
    try:
        administration = open_administration(layout.hub_home(settings), hub_store, log)
        import_units(administration, units)
        enroll_here(
            administration, layout.node_keys(settings), node_store, [unit.code for unit in units[: hosted or count]]
        )
        directory = administration.administrator.current()
    finally:
        hub_store.close()
        node_store.close()
    return County(layout=layout, units=units, directory=directory, log=log)


def draft(county: County, number: int, recipients: Sequence[UnitCode] | None = None) -> Draft:
    """A notice to these, by default to everybody else."""
    return Draft(
        sender=county.sender.code,
        to=(Address(to="all"),) if recipients is None else tuple(Address(to=code) for code in recipients),
        metadata=_metadata(county, number),
        content="请照此办理。",
        operator="收发员",
        declared_by="收发员",
    )


def envelopes(county: County, recipients: int, count: int, now: datetime) -> list[Envelope]:
    """`count` documents to the first `recipients` of the others, as a node would make them."""
    first = Envelope(
        id=EnvelopeId(SystemIds().new()),
        hub=county.directory.hub,
        kind=draft(county, 0).kind,
        sender=county.sender.code,
        recipients=tuple(Recipient(unit=unit.code) for unit in county.others[:recipients]),
        directory_version=county.directory.version,
        created=now,
        declaration=Declaration(name="收发员", at=now),
        operator="收发员",
        metadata=_metadata(county, 0),
        content="请照此办理。",
    )
    return [replace(first, id=EnvelopeId(SystemIds().new()), metadata=_metadata(county, n)) for n in range(count)]


def _metadata(county: County, number: int) -> Metadata:
    return Metadata(
        document_identifier=f"{county.sender.code}-{number}",
        document_type=DocumentType.NOTICE,
        title=f"关于测量的第{number}号通知",
        issuer_identification=(county.sender.name,),
        issuer_signatures=(county.sender.name,),
        issued_date=date(2026, 1, 5),
        main_receivers=("各单位",),
    )
