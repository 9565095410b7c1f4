"""Templates: ours over those of nhsuk-frontend-jinja, always escaped, one environment a language.

What is *not* here: which language a page speaks (``languages``), and who may open it (``access``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from jinja2.ext import i18n
from markupsafe import Markup

from healthpassport.languages import LANGUAGES
from healthpassport.terminal import visible
from issuer.service.console.staff import ROLES, StaffMember
from issuer.settings import Settings

from .languages import back_of, words, words_of

HERE: Final = Path(__file__).resolve().parent.parent
TEMPLATES: Final = HERE / "templates"
STATIC: Final = HERE / "static"


def _finished(value: object) -> object:
    """Text with its control characters shown: a record must not turn the words beside it round."""
    return visible(value, kept="\t\r\n") if type(value) is str else value


@cache
def environment(language: str) -> Environment:
    """The one environment of this process in ``language``."""
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
    made.policies["ext.i18n.trimmed"] = True
    known = words(language).catalogue
    # The extension adds this method to the environment when it is loaded.
    made.install_gettext_callables(  # type: ignore[attr-defined]
        known.gettext, known.ngettext, newstyle=True
    )
    made.globals["language"] = LANGUAGES[language]
    made.globals["languages"] = tuple(LANGUAGES.values())
    made.globals["has_vendor"] = (STATIC / "vendor" / "nhsuk-frontend.min.css").is_file()
    return made


def render(name: str, *, language: str = "en", **values: Any) -> str:  # noqa: ANN401 - a template's values
    """The page ``name`` with ``values``."""
    return environment(language).get_template(name).render(template_name=name, **values)


def page(request: Request, name: str, **values: Any) -> str:  # noqa: ANN401 - as above
    """The page ``name`` under the names of this practice, in the language of ``request``."""
    settings: Settings = request.app.state.console.issuer.settings
    member: StaffMember | None = getattr(request.state, "staff", None)
    say = words_of(request)
    return render(
        name,
        language=say.language,
        brand=settings.web_brand,
        organisation=settings.name,
        staff=member,
        roles=", ".join(say(ROLES[role]) for role in sorted(member.roles)) if member else "",
        back=back_of(request),
        **values,
    )


def svg(text: str) -> Markup:
    """Our own image as markup; never use it for anything that came from outside."""
    return Markup(text)  # noqa: S704 - a QR code, into which no text is written
