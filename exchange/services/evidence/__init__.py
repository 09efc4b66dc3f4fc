"""Evidence: one file that proves what happened to a document.

    gather              the file, from one document's number
    verify, case        its judgement off line: numbered checks, all of them made
    documents, ledger   the checks
    facts               what it says, read out of its documents
    report, page        the readable page

Not here: the file's form (`exchange.ledger.package`).
"""
