"""How people ask: the `ladders` command."""
