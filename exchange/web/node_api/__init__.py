"""The node's HTTP for programs on the unit's own premises: what a clerk can do, an office system can do, too.

    app.py         puts the rest together
    face.py        what it is made of, and how a document is found
    page.py        OpenAPI 3.1
    door.py        whose request it is, what its token may do, for which unit, and how often
    once.py        a POST of the same key is done once
    problems.py    what a caller is told when it does not go well
    shapes.py      what documents and receipts look like in JSON
    paging.py      pages by keyset
    submission.py  a document to send, as JSON or with its files
    documents.py   what was sent: submit, preview, list, track
    sender.py      what a sender says about it later: recalled, urged, void, replaced, sent to more
    answers.py     what several of these answer alike
    inbox.py       what was received: list, lock, fetch, confirm, decide
    files.py       files in, ahead of the document that names them: tus 1.0
    directory.py   who is there
    statistics.py  how many, and how long it took
    evidence.py    all that the node holds of a document, in one file
    events.py      what happened, by polling
    webhooks.py    where a program wants to be told instead
    soap/          the same for programs that can only call a web service

Everything is under /api/v1. Not here: what any of it means (`exchange.services`), another process's health
(`exchange.web.health`), the client (`exchange.client`).
"""
