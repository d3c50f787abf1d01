"""The stand-in Spotify, and what the product does with it."""
