"""A node's steps. A step is never changed once released."""
