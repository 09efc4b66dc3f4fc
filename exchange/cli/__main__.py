"""`python -m exchange.cli`: the command `yidi`, for processes that start one another."""

from exchange.cli import main

main()
