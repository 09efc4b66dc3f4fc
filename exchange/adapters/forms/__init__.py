"""Office systems that people fill in forms in: what 致远, 泛微, 蓝凌 and O2OA have in common.

    adapter.py    what goes into forms and comes out of them, the same for all
    desk.py       what it asks of an office: the port that each vendor serves
    processes.py  such a desk where every form is a process of the office's, and we are one of its users
    settings.py   which fields stand in the forms

Not here: any vendor's interface.
"""
