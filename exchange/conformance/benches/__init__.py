"""The benches of the adapters that ship: over folders of their own, or offices that are simulated.

Not here: anything that a bench of a real office needs beyond `exchange.conformance.bench`.
"""
