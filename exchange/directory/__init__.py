"""Who belongs to the county: units with their keys, groups, and how a group becomes recipients.

    snapshot.py   the directory as one immutable, versioned value
    address.py    groups and units -> frozen recipients
    update.py     the changes an administrator makes: each gives the next version

Pure values. Not here: signing and checking a snapshot (`exchange.trust`), its XML (`exchange.codec`).
"""
