"""The routes of an application, for tests that hold a table against them."""

from __future__ import annotations


def routes(app):
    """Every route that somebody can call, but for files, the framework's own pages and mounts."""
    own = {"/openapi.json", "/docs", "/docs/oauth2-redirect"}
    listed = [
        inner
        for route in app.routes
        for inner in getattr(getattr(route, "original_router", None), "routes", [route])
    ]
    return {
        (method, route.path)
        for route in listed
        for method in set(getattr(route, "methods", None) or ()) - {"HEAD"}
        if route.path not in own
    }
