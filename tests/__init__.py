"""Tests, from single functions to whole counties. Folders are namespace packages: names may repeat between rooms."""
