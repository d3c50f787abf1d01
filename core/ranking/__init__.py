"""From a vibe to a playlist: retrieve, choose, order, explain."""
