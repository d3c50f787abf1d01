"""Quality and speed, as commands that print a table."""
