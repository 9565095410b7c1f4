"""Templates: ours over those of nhsuk-frontend-jinja, always escaped.

What is *not* here: what a page says (``pages``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from jinja2.ext import i18n
from markupsafe import Markup

from healthpassport.terminal import visible
from verifier.service.sides import side_words
from verifier.settings import VerifierSettings

HERE: Final = Path(__file__).resolve().parent.parent
TEMPLATES: Final = HERE / "templates"
STATIC: Final = HERE / "static"


def _finished(value: object) -> object:
    """Text with its control characters shown: a record must not turn the words beside it round."""
    return visible(value, kept="\t\r\n") if type(value) is str else value


@cache
def environment() -> Environment:
    """The one environment of this process."""
    made = Environment(
        loader=ChoiceLoader(
            [FileSystemLoader(TEMPLATES), PackageLoader("nhsuk_frontend_jinja", "templates")]
        ),
        autoescape=True,
        finalize=_finished,
        undefined=ChainableUndefined,  # nhsuk-frontend-jinja reads members that are not given
        extensions=[i18n],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["side"] = side_words
    made.globals["has_vendor"] = (STATIC / "vendor" / "nhsuk-frontend.min.css").is_file()
    return made


def render(name: str, **values: Any) -> str:  # noqa: ANN401 - a template's values
    """The page ``name`` with ``values``."""
    return environment().get_template(name).render(**values)


def page(request: Request, name: str, **values: Any) -> str:  # noqa: ANN401 - as above
    """The page ``name`` under the names of this desk."""
    settings: VerifierSettings = request.app.state.settings
    return render(name, brand=settings.brand, organisation=settings.organisation, **values)


def svg(text: str) -> Markup:
    """Our own image as markup; never use it for anything that came from outside."""
    return Markup(text)  # noqa: S704 - made by service.qr, which writes no text into it
