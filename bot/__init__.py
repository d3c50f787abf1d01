"""The Discord side, and the process: what a person touches."""
