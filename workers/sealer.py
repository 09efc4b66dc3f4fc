"""sealer: what was recorded goes under the Merkle tree, and a signed checkpoint over it.

Consumes           nothing: it looks into the store
Publishes          nothing: checkpoints go out with the hub's receipts
Writes             leaf indexes, tree nodes, one checkpoint a batch, and its lease. One transaction
Acknowledges       nothing
If it dies here    before the commit: the entries stay unsealed and the old checkpoint stands. After it: nothing
                   is left to do
If two run         the one started last seals, the other stands by and takes over 15 seconds after its last sign of
                   life. A sealer that slept meanwhile is refused by its epoch: `sealer_superseded` in the log
Settings           none
Metrics            yidi_ledger_checkpoint_entries
"""

from exchange.services.hub.seal import Sealer
from workers.runner import Step

__all__ = ["steps"]


def steps(sealer: Sealer) -> list[Step]:
    return [Step(name="sealer.seal", run=sealer.seal, every_seconds=1.0)]
