"""The dashboards of `deploy/grafana` as a page of our own, for counties without Grafana.

    boards.py   the files of the dashboards, and what Prometheus says of their panels
    routes.py   /dashboards: the page, its parts, the boards, the data
    page/       HTML, style and script
    uplot/      uPlot 1.6.32, MIT, as published: draws the curves

Whoever reaches the page chooses a board, a span of time and a unit; the queries are those of the files, so that nobody
asks Prometheus anything else through it.

Not here: the dashboards (`deploy/grafana/boards/`), questions to Prometheus (`exchange.remote.prometheus`).
"""

from exchange.web.dashboards.routes import add_dashboards

__all__ = ["add_dashboards"]
