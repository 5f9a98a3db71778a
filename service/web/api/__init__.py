"""The addresses under /v1 and /health: one module a noun, one view an operation."""
