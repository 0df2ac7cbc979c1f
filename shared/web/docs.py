"""The API's documentation in a browser: Swagger UI, all of it from this server, so it works offline.

Its files come with the package fastapi-swagger. Nothing in the page is inline, so its policy stays strict.
"""

from functools import cache
from html import escape
from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from shared.errors import NotFound
from shared.web.headers import POLICY

PAGE: Final = "/docs"
_START: Final = "start.js"
# Only files with these names are served, so no path can lead elsewhere.
ASSETS: Final = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
    _START: "text/javascript",
}
# Addresses are relative, so the page also works behind a proxy that puts a prefix before it.
_SCRIPT: Final = b"""\
"use strict";
window.ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
"""
_HTML: Final = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="docs/assets/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript; without, read <a href="openapi.json">openapi.json</a>.</noscript>
<script src="docs/assets/swagger-ui-bundle.js"></script>
<script src="docs/assets/start.js"></script>
</body>
</html>
"""
# Swagger UI draws its icons as `data:`, and what is tried on the page is sent to this server.
_PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


def documentation(title: str) -> list[Route]:
    """Return the routes of the page and of what it loads."""
    html = _HTML.format(title=escape(title))

    async def page(_request: Request) -> Response:
        return HTMLResponse(html, headers={POLICY.decode(): _PAGE_POLICY})

    async def asset(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in ASSETS:
            raise NotFound("asset_unknown", "The documentation has no such file.")
        return Response(
            _content(name), media_type=ASSETS[name], headers={"Cache-Control": "public, max-age=3600"}
        )

    return [
        Route(PAGE, page, methods=["GET"], include_in_schema=False),
        Route(f"{PAGE}/assets/{{name}}", asset, methods=["GET"], include_in_schema=False),
    ]


@cache
def _content(name: str) -> bytes:
    return _SCRIPT if name == _START else (files("fastapi_swagger") / "resources" / name).read_bytes()
