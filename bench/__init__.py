"""Speed, memory and start-up, measured on the real thing; `make bench` runs all of it."""

from __future__ import annotations
