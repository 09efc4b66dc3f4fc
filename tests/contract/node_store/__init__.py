"""The contract of a node's store, in memory and as a file."""
