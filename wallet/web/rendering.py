"""Templates: ours over those of nhsuk-frontend-jinja, always escaped, one environment a language.

What is *not* here: which words stand on a page (templates, ``locale``).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, FileSystemLoader, PackageLoader
from jinja2.ext import i18n

from healthpassport.record_words import day, value_words
from healthpassport.summary import definition
from healthpassport.terminal import visible

from .words import LANGUAGES, catalogue

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
    words = catalogue(language)
    # The extension adds this method to the environment when it is loaded.
    made.install_gettext_callables(  # type: ignore[attr-defined]
        words.gettext, words.ngettext, newstyle=True
    )
    made.filters["day"] = lambda value: day(value, language)
    birth = definition("PatientIdentity").subject_fields["birthDate"]
    made.filters["birth"] = lambda value: value_words(birth, value, language)
    made.globals["language"] = LANGUAGES[language]
    made.globals["languages"] = tuple(LANGUAGES.values())
    made.globals["has_reader"] = (STATIC / "vendor" / "zxing-reader.js").is_file()
    made.globals["has_vendor"] = (STATIC / "vendor" / "nhsuk-frontend.min.css").is_file()
    return made


def warm(language: str) -> None:
    """Compile every page before it is asked for: nobody at a desk waits for the first one."""
    made = environment(language)
    for path in sorted(TEMPLATES.rglob("*.html")):
        made.get_template(path.relative_to(TEMPLATES).as_posix())


def render(template: str, /, *, language: str, **values: Any) -> str:  # noqa: ANN401 - a template's values
    """The page ``template`` with ``values``."""
    return environment(language).get_template(template).render(**values)
