"""The hub from afar: what a node asks it for over HTTP. The only room with an HTTP client.

    client.py     one signed question, its answer, or an error of ours
    problems.py   the hub's refusals -> errors of ours
    files.py      FileExchange: files by digest, resumed after a cut
    feed.py       DirectoryFeed: the signed snapshot
    enrolment.py  a unit's key and its one-time code -> its certificate

Not here: the hub's side (`exchange.web`), messages (`exchange.transport`), what is done with what comes.
"""
