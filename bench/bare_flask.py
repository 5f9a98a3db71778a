"""The floor of this stack: a Flask view that reads the body and answers with 13 KB that are always the same,
under the service's own gunicorn settings.

Run by `bench.http` as `python -m bench.bare_flask FOLDER`; it listens where it likes and says where.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import orjson
from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication

from service.settings import read_settings
from service.web.gunicorn import options

VERDICT = Path(__file__).parents[1] / "examples" / "verdicts" / "brilliant-coder.json"


class Bare(BaseApplication):  # type: ignore[misc]  # gunicorn tells no types
    """gunicorn with a bare app."""

    def load_config(self) -> None:
        """Tell gunicorn what it tells it for the service."""
        settings = read_settings({"LADDERS_PORT": "0"})
        for name, value in options(settings).items():
            self.cfg.set(name, value)
        self.cfg.set("when_ready", _say_where)

    def load(self) -> Flask:
        """One view."""
        app = Flask("bare", static_folder=None)
        answer = orjson.dumps(orjson.loads(VERDICT.read_bytes()))

        @app.post("/v1/verdicts")
        def judge() -> Response:
            request.get_data()
            return Response(answer, 201, content_type="application/json")

        return app


def _say_where(arbiter: Any) -> None:
    host, port = arbiter.LISTENERS[0].sock.getsockname()[:2]
    Path(sys.argv[1], "address").write_text(f"http://{host}:{port}")


if __name__ == "__main__":
    Bare().run()
