"""Units that live in a mailbox: documents come as mail, people answer by mail, documents to send are sent as mail.

    settings.py   the node's mailbox, and whose mailboxes it writes to
    post.py       SMTP out, IMAP in
    letters.py    one mail, read with suspicion: whose, what it says, its files
    words.py      what is written to people
    adapter.py    the adapter, and what authenticates a mail

Not here: what is a document's (`exchange.adapters.manifest`).
"""
