"""Builds services from settings: which port is served by which room. No logic, and nothing starts here.

homes.py    what a hub and a node are made of
layout.py   where a one-machine exchange keeps what
hub.py      the hub's services over its home
node.py     a node's services over its home
system.py   the real clock, ids and chance
"""
