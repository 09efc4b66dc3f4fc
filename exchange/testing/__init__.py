"""Shipped fakes: what stands in for the world in tests and simulations. Nothing here guards anything real."""
