"""Tracks in: the starter set and the importers, and the store that holds them."""
