"""A client of the node's API, for programs on the unit's own premises.

    node.py      every operation; repeats what may be repeated
    transfer.py  files: up by tus 1.0, down by ranges, each going on where it was cut
    shapes.py    what the answers look like
    webhook.py   whether what came to a webhook is the node's
    errors.py    what a node refuses

    with NodeClient("http://127.0.0.1:8087", token) as node:
        done = node.submit({"to": [{"to": "各镇乡"}], "metadata": {"title": "通知"}, "declared_by": "张三"},
                           files={"通知.pdf": Path("通知.pdf")})
        for one in node.inbox(state="new"): ...

It needs nothing of a node but its address and a token. Not here: the node's side (`exchange.web.node_api`).
"""

from exchange.client.errors import NodeError
from exchange.client.node import NodeClient
from exchange.client.webhook import WebhookRefusedError, read_webhook

__all__ = ["NodeClient", "NodeError", "WebhookRefusedError", "read_webhook"]
