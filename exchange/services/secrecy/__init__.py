"""The secrecy gate: classified material never travels. Node and hub both ask it, about the same things.

    gate         inspect, then let pass, hold for a person, or refuse
    rules        what a mark of secrecy looks like
    plain_text   the text of plain files

Not here: who reviews what is held.
"""
