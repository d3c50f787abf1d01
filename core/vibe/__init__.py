"""Text in, Vibe out."""
