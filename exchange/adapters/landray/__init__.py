"""蓝凌 Landray EKP, by its REST interface or by SOAP.

    adapter.py    the entry point, and what it checks
    settings.py   which templates, which controls, who handles what
    desk.py       its processes: started and looked for, waiting and concluded
    client.py     what its services are asked
    lines.py      how they are asked: REST, or SOAP
    filled.py     forms as the office itself sends them
    known.py      which process holds which document

No service of the office's reads a form. So its processes send theirs, and wait until they are read; what waits, and
what was started, is known by the to-dos of people. docs/adapters/landray.md says what its administrator does.
"""
