"""The node's HTTP for programs, and telling them what happens, within the node's process, if its settings give a port.

Telling has a loop of its own: a program that hangs must keep no document from arriving. If it dies there, what was told
and not noted is told again, under the same id.

Not here: the routes (`exchange.web.node_api`), what is told where (`exchange.services.node.tell_programs`).
"""

from pathlib import Path

from exchange.remote.webhooks import HttpPoster
from exchange.services.node.program_quota import ProgramQuota
from exchange.services.node.tell_programs import Teller, Webhooks
from exchange.settings import NodeApi
from exchange.web.node_api.app import node_server
from exchange.web.node_api.events import notice_of
from exchange.web.node_api.face import NodeFace
from exchange.wiring.node import NodeServices
from workers.loops import End, Loops
from workers.runner import Runner, Step

__all__ = ["node_face", "serve_programs"]


def serve_programs(loops: Loops, services: NodeServices, settings: NodeApi, root: Path) -> None:
    """`root`: what files in the settings are relative to. Raises InputError."""
    if settings.port is None:
        return
    server = node_server(node_face(services, settings), root)
    if settings.webhook_targets:
        ca_file = root / settings.webhook_ca_file if settings.webhook_ca_file else None
        node, poster = services.node, HttpPoster(ca_file)
        teller = Teller(node, poster, notice_of, settings.webhook_targets)
        step = Step(name="programs.tell", run=teller.tell, every_seconds=0.5)
        loops.join(
            Runner("programs", [step], node.clock, node.metrics, node.log, idle_seconds=0.2),
            End("webhooks", poster.close),
        )
    loops.serve(server)


def node_face(services: NodeServices, settings: NodeApi) -> NodeFace:
    return NodeFace(
        node=services.node,
        submitter=services.submitter,
        decider=services.decider,
        recaller=services.recaller,
        confirmer=services.confirmer,
        marker=services.marker,
        reissuer=services.reissuer,
        tokens=services.tokens,
        uploads=services.uploads,
        quota=ProgramQuota(services.node.store, services.node.clock, settings.upload_bytes_per_day),
        webhooks=Webhooks(services.node, settings.webhook_targets),
        log=services.node.log,
        settings=settings,
        links=services.offices.links,
        calls=services.offices.calls,
    )
