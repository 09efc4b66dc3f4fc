"""Trials of what speaks our protocol at a URL: a program that is told by webhooks, a foreign node.

Not here: adapters, which run in our own process (`exchange.conformance`).
"""
