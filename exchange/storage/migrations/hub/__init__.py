"""A hub's steps. A step is never changed once released."""
