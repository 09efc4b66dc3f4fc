"""O2OA (open source), by its REST interface.

    adapter.py    the entry point
    settings.py   which processes, which nodes, which fields
    processes.py  what the exchange does in them: started and passed on, read, given back
    design.py     what of them the settings name, and whether it is there
    client.py     its REST interface
    account.py    who we are there: single sign-on or password, and a token that expires

docs/adapters/o2oa.md says what its administrator does.
"""
