"""The app: the parts that answer go in; a Flask app that speaks HTTP for them comes out.

Knows nothing of settings, processes or files: `web.gunicorn` makes the parts and runs the app.
"""

from __future__ import annotations

from flask import Flask

from service.web import access, errors, observe
from service.web.metrics import publish_metrics
from service.web.openapi import publish
from service.web.pages.reference import pages
from service.web.parts import Parts
from service.web.reload import ATTEMPT


def create_app(parts: Parts) -> Flask:
    """The app, ready to answer."""
    app = Flask("service.web", static_folder=None)
    app.url_map.strict_slashes = True
    app.url_map.merge_slashes = False
    parts.put_into(app)
    observe.watch(app)
    parts.traces.watch(app)
    publish_metrics(app, parts.metrics, lambda: (parts.runtime.told(ATTEMPT) or {}).get("problems", ()))
    document = publish(app)
    app.register_blueprint(pages(document))
    access.guard(app)
    errors.register(app)
    return app
