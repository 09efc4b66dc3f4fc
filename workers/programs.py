"""The node's HTTP for programs, within the process of the node, if its settings give it a port.

Not here: the routes (`exchange.web.node_api`).
"""

from pathlib import Path

from exchange.settings import NodeApi
from exchange.web.node_api.app import node_server
from exchange.web.node_api.face import NodeFace
from exchange.wiring.node import NodeServices
from workers.loops import Loops

__all__ = ["node_face", "serve_programs"]


def serve_programs(loops: Loops, services: NodeServices, settings: NodeApi, root: Path) -> None:
    """`root`: what files in the settings are relative to. Raises InputError."""
    if settings.port is not None:
        loops.serve(node_server(node_face(services, settings), root))


def node_face(services: NodeServices, settings: NodeApi) -> NodeFace:
    return NodeFace(
        node=services.node,
        submitter=services.submitter,
        decider=services.decider,
        recaller=services.recaller,
        confirmer=services.confirmer,
        reissuer=services.reissuer,
        tokens=services.tokens,
        uploads=services.uploads,
        log=services.node.log,
        settings=settings,
    )
