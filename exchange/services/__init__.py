"""One use case per file, named by its verb: submit, relay, route, receive, decide, remind, recall, seal.

Services know the outside world only as ports and answer with values; they read no clock, disk or network by
themselves. `secrecy` and `gate` serve both sides: the sender's node before it signs, and the hub.
"""
