"""`yidi bench exchange`: the whole system on this machine, every process of it real. A measurement, never a test.

    plan.py      how much of what: quick, full, or as asked
    stage.py     the county and its servers, and what each process spends
    load.py      documents sent and awaited: rates, a backlog
    latency.py   how long one document takes, on an idle exchange and under half its load
    growth.py    the same as the county and its ledger grow
    scale.py     one router against two, everything else off
    parts.py     the raw parts for the very same messages: sign, verify, commit, publish and take
    peer.py      the same documents through pyas2lib, where it is installed
    result.py    what was measured, as values
    report.py    the tables
    command.py   all of it in order

Cost is counted in time on the processor, over all processes, servers included: waiting and other work of the machine
blur the wall clock, and this they blur least.
"""
