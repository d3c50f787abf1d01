"""Behaviour, held to the contracts of the services."""
