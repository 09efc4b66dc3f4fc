"""Builds services from settings: which port is served by which room. No logic, and nothing starts here.

layout.py   where a one-machine exchange keeps what
hub.py      the hub's services over a data directory
node.py     a node's services over a data directory
system.py   the real clock, ids and chance
"""
