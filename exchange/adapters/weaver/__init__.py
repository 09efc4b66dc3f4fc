"""泛微 Weaver e-cology 9, by its REST interface, or by SOAP at older sites.

    adapter.py    the entry point
    settings.py   which workflows, which fields
    client.py     its processes: created, listed, submitted, returned
    services.py   the same by SOAP
    files.py      how files go there
    tokens.py     registration, and a token that expires

docs/adapters/weaver.md says what its administrator does.
"""
