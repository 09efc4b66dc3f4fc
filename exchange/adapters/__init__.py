"""Office systems, each behind `exchange.ports.office.OfficeAdapter`, found by entry point.

    registry.py          adapters by name (group `yidi.adapters`)
    folder.py            folders on a disk or share, for units without an interface of their own
    folder_decisions.py  its folder `decisions`
    waiting.py           what lies in such an outbox: folders and zips, read with suspicion
    manifest.py          manifest.json, both ways
    decision.py          what a person decided, as an office writes it
    json_fields.py       JSON that people wrote, field by field
    mapping.py           which element stands in which field of an office, as configured
    forms/               what adapters of offices with forms have in common
    seeyon/              致远 Seeyon A8/V5, by its REST interface
    landray/             蓝凌 Landray EKP, by its REST interface or by SOAP
    weaver/              泛微 Weaver e-cology 9, by its REST interface
    o2oa/                O2OA, by its REST interface
    staging/             tables in a database of the office's
    parcels.py           a document to send, from values and files
    office_http.py       questions to an office over HTTP
    links.py             links by which an office fetches files itself
    calls.py             what an office sends by itself
    times.py             times as an office reads them
    share.py             reading and writing where others read and write too
    sheet.py             spreadsheets, in and out
    unit_rows.py         their rows as units

Not here: what is sent and when (`exchange.services.node.handover`).
"""
