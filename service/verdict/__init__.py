"""What we say: from findings to an outcome, its sentences, and what would change it."""
