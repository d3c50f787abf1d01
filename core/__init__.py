"""Vibe in, playlist out: no Discord, no HTTP server."""
