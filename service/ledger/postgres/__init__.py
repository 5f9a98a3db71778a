"""The verdict log in PostgreSQL, for services on several machines."""
