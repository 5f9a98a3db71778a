"""Ladders: promotion requests are judged against a written policy, and every verdict explains itself."""

from __future__ import annotations

__version__ = "0.1.0"
