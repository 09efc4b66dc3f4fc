"""What is going on: `yidi top` now, `yidi trace` on one document's way."""
