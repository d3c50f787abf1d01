"""What is kept on disk about people and their playlists: SQLite through aiosqlite."""
