"""A whole exchange on real servers and processes, under faults of every kind, judged off line.

One seed makes people, documents and faults; it is printed and replays them (not the very moments: processes are real).

    hooks.py      in each process: named points to die at, lying confirms, a wrong clock, an office that fails
    launch.py     a worker, a node or a clerk as a process, with the hooks in place
    clerk.py      the people of one node: they send, sign, refuse and ask back, and write down what they were promised
    county.py     servers, lines, disks and processes of one run
    volume.py     small disks, and what a power cut leaves of them
    network.py    a network in which packets are lost in silence
    faults.py     what can be done to them, each with its end
    disks.py      ... to their disks and stores
    strangers.py  ... by whoever speaks that should not, and to keys
    points.py     every process killed once at each of its points
    run.py        one run: load, faults, healing, rest, verdict
    checker.py    the verdict: from the stores, the histories and the logs alone
    bugs.py       deliberate bugs that runs must catch

`python -m tests.chaos --help` says how to run it; `./run chaos` does.
"""
