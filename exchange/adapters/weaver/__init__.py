"""泛微 Weaver e-cology 9, by its REST interface.

    adapter.py    the entry point
    settings.py   which workflows, which fields
    client.py     its processes: created, listed, submitted, returned
    tokens.py     registration, and a token that expires

docs/adapters/weaver.md says what its administrator does.
"""
