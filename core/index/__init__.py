"""Embeddings, the vectors of songs and vibes, and the search over them."""
