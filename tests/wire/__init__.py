"""The bot on Discord's wire, spoken to over real sockets by the stand-in."""
