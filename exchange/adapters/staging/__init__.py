"""Staging database (前置机): tables between an office system and the exchange, in a database of the office's.

    adapter.py    the adapter: what is put into the tables and taken out of them
    tables.py     the tables, and their DDL for each dialect
    database.py   connecting, claiming, and a database's errors as ours
    blobs.py      files in a row, or beside the database on a share

These are the office's tables, not ours: no migrations, any dialect, names as the site's database wants them. The only
room beside `exchange.storage` that knows SQL; neither knows the other.
"""
