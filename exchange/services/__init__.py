"""One use case per file, named by its verb: submit, relay, route, receive, decide, remind, recall, seal.

    hub          judge, record, dispatch, urge, seal, and all that operators have it do
    node         submit, relay, receive, decide, hand over, and what programs ask for
    secrecy      what must never travel; node and hub both ask
    carry        packages on a disk, where there is no line
    evidence     one file that proves what happened to a document
    archive      old months as files
    audit        the promises, checked from the stores alone
    intake       taking a batch, and the one rule for what nobody foresaw
    backoff      when to try again
    held         the directory that a store holds
    together     what many threads do at once shares a transaction

Services know the outside world only as ports and answer with values; they read no clock, disk or network by
themselves.
"""
