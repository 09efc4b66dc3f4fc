"""Audit: the promises, checked from the stores alone. It believes no service, no log and no state, only what was
stored, the anchor, and mathematics.

Used by `yidi ledger verify`, `yidi doctor`, the demo and the simulation. Reads only. Not here: whether a message is
still under way at a broker, which nobody needs to know.
"""

from collections.abc import Sequence

from exchange.ports.files import Files
from exchange.ports.hub import HubStore
from exchange.ports.node import NodeStore
from exchange.services.archive.shelf import Shelf
from exchange.services.audit.hub import HubAuditor
from exchange.services.audit.ledger import History, Tree
from exchange.services.audit.node import NodeAuditor
from exchange.services.audit.report import AuditReport, Check, Notebook, Result
from exchange.trust.anchor import Anchor

__all__ = ["AuditReport", "Check", "Result", "audit"]


def audit(
    hub: HubStore,
    anchor: Anchor,
    *,
    hub_files: Files | None = None,
    nodes: Sequence[tuple[NodeStore, Files | None]] = (),
    settled: bool = False,
    shelf: Shelf | None = None,
) -> AuditReport:
    """Check everything in `hub` and `nodes`. `settled`: all work is said to be done, so nothing may be open and every
    receipt must have reached everybody. Files are hashed where a file store is given; archived bytes are judged where
    `shelf` has them, by their entries alone where it has not. Raises StorageError, PackageError."""
    notebook = Notebook()
    with hub.begin() as session:
        history = History(session.directories(), anchor, notebook)
        tree = Tree(session, anchor, history.restorings, notebook)
        auditor = HubAuditor(session, hub_files, history, notebook, shelf or Shelf(), settled=settled)
        auditor.run()
        for store, files in nodes:
            with store.begin() as at_node:
                NodeAuditor(at_node, files, auditor, notebook, settled=settled).run(tree)
    return notebook.report()
