"""A connection to a real PostgreSQL of which one end goes away without a word: the other does not wait for hours."""

import socket

from sqlalchemy import text

from exchange.storage.engine import open_engine
from exchange.trial.servers import PostgresServer
from tests.integration.databases import new_database


def test_either_end_looks_whether_the_other_is_there(postgres: PostgresServer) -> None:
    with new_database(postgres, empty=True) as url:
        engine = open_engine(url)
        with engine.connect() as connection:
            driver = connection.connection.driver_connection
            assert driver is not None
            with socket.socket(fileno=socket.dup(driver.fileno())) as line:
                ours = {
                    name: line.getsockopt(level, option)
                    for name, level, option in (
                        ("on", socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                        ("idle", socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
                        ("between", socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
                        ("unanswered", socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
                    )
                }
            assert ours["on"]
            assert ours["idle"] + 4 * ours["between"] <= 30
            assert ours["unanswered"] == 30_000
            theirs = [
                int(connection.execute(text(f"SHOW tcp_keepalives_{name}")).scalar_one())
                for name in ("idle", "interval", "count")
            ]
            assert theirs[0] + theirs[1] * theirs[2] <= 60
        engine.dispose()
