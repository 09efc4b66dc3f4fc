"""A whole receiver of Yidi's webhooks: checks, remembers, answers, and only then does anything with it.

    python webhook_receiver.py inbox.sqlite 9000 <secret.txt

The secret is that of `POST /api/v1/webhooks`. `pip install standardwebhooks`; everything else is Python's own. An event
may come twice, after others that are newer, and again after any crash of either side: its id is its key in a table, so
that each is there once, and what a document has come to is read in the order of their numbers.
"""

import json
import sqlite3
import sys
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TABLE = """CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, type TEXT NOT NULL, document TEXT NOT NULL, body BLOB NOT NULL)"""
LARGEST = 1 << 20


class Receiver(BaseHTTPRequestHandler):
    timeout = 15  # seconds of silence: a caller that says no more holds nobody up

    def do_POST(self):
        length = int(self.headers.get("content-length", "0"))
        if length > LARGEST:
            self.answer(413)
            return
        body = self.rfile.read(length)  # the very bytes: the signature is over them
        try:
            self.server.webhook.verify(body, dict(self.headers))  # who sent it, and not long ago
        except (WebhookVerificationError, ValueError):  # the latter when it is no text at all
            self.answer(400)
            return
        event = json.loads(body)
        row = event["id"], event["number"], event["type"], event["subject"], body
        with closing(connected(self.server.file)) as database, database:  # stored before it is answered
            database.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?)", row)
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.end_headers()

    def log_message(self, *args):
        pass


def connected(file):
    database = sqlite3.connect(file, timeout=10)
    database.execute("PRAGMA synchronous = FULL")
    return database


def main():
    file, port = sys.argv[1:]
    server = ThreadingHTTPServer(("127.0.0.1", int(port)), Receiver)
    server.webhook, server.file = Webhook(sys.stdin.readline().strip()), file
    with closing(connected(file)) as database:
        database.execute(TABLE)
    server.serve_forever()


if __name__ == "__main__":
    main()
