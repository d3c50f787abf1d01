"""The command line, as the process that a person starts."""
