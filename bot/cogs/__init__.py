"""The commands, a file a feature."""
