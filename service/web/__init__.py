"""How programs ask: the HTTP service."""
