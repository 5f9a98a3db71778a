"""Who asks: tokens and API keys in, callers out. Knows nothing of HTTP, of settings or of endpoints."""
