"""Vibe in, playlist out: the core, without Discord."""
