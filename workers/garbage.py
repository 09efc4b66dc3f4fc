"""How a worker's process collects garbage: seldom, and without walking what stays for its whole life.

A batch makes tens of thousands of objects at once, none of them in cycles. Python takes such growth for a reason to
walk the whole heap, libraries and directory included, again and again: measured, a third of the router's time.

Global to the process, so it is for `main` alone to call. Limits: garbage in cycles lives a little longer.
"""

import gc

__all__ = ["collect_seldom"]

# New objects before a look at the young ones; young looks before an old one. Python's own are 700 (or 2000), 10, 10.
_THRESHOLDS = (10_000, 20, 20)


def collect_seldom() -> None:
    """Once, after everything has been opened and before work begins."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)
