"""An OpenAPI document as a page to read, without a script and without asking anybody for anything.

Every text is escaped; the one style sheet stands in the page and its hash in the page's own
Content-Security-Policy (CSP 3 section 2.3.1). What is *not* here: trying calls out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from html import escape
from typing import Final

from healthpassport.encoding import Json, b64_encode, dump_json

METHODS: Final = ("get", "post", "put", "delete")
STYLE: Final = (
    "body{font:1rem/1.5 sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#212b32}"
    "h2{border-top:1px solid #aeb7bd;padding-top:1rem}code,pre{font-family:monospace}"
    "pre{background:#f0f4f5;padding:.75rem;overflow-x:auto;white-space:pre-wrap}"
    "dt{font-weight:bold}table{border-collapse:collapse}td,th{text-align:left;padding:.25rem 1rem"
    " .25rem 0;vertical-align:top}"
)


def policy() -> str:
    """The Content-Security-Policy of the page."""
    hashed = b64_encode(hashlib.sha256(STYLE.encode()).digest())
    return f"default-src 'none'; style-src 'sha256-{hashed}'; frame-ancestors 'none'"


def api_page(document: Mapping[str, Json], *, at: str) -> str:
    """The page of ``document``, which itself stands at the address ``at``."""
    info = _object(document.get("info"))
    title = _text(info.get("title"))
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>",
        f"<p>{_text(info.get('description', ''))}</p>" if info.get("description") else "",
        f'<p>OpenAPI document: <a href="{escape(at)}">{escape(at)}</a></p>',
        *_contents(document),
        *(_operation(document, *one) for one in _operations(document)),
        "</main></body></html>",
    ]
    return "\n".join(part for part in parts if part)


def _operations(document: Mapping[str, Json]) -> Iterator[tuple[str, str, Mapping[str, Json]]]:
    for path, item in _object(document.get("paths")).items():
        for method in METHODS:
            found = _object(_object(item).get(method))
            if found:
                yield method.upper(), path, found


def _contents(document: Mapping[str, Json]) -> Iterator[str]:
    yield "<ul>"
    for method, path, found in _operations(document):
        name = _text(found.get("operationId"))
        link = f'<a href="#{name}"><code>{method} {escape(path)}</code></a>'
        yield f"<li>{link} {_text(found.get('summary', ''))}</li>"
    yield "</ul>"


def _operation(
    document: Mapping[str, Json], method: str, path: str, found: Mapping[str, Json]
) -> str:
    name = _text(found.get("operationId"))
    parts = [
        f'<h2 id="{name}"><code>{method} {escape(path)}</code></h2>',
        f"<p>{_text(found.get('description', found.get('summary', '')))}</p>",
        _security(found),
        _parameters(document, found),
        _body(document, _object(found.get("requestBody"))),
        *_answers(document, _object(found.get("responses"))),
    ]
    return "\n".join(part for part in parts if part)


def _security(found: Mapping[str, Json]) -> str:
    needed = [
        f"<code>{escape(scheme)}</code> {_text(' '.join(map(str, _list(scopes))))}".strip()
        for one in _list(found.get("security"))
        for scheme, scopes in _object(one).items()
    ]
    return f"<p>Needs {', or '.join(needed)}.</p>" if needed else ""


def _parameters(document: Mapping[str, Json], found: Mapping[str, Json]) -> str:
    rows = []
    for one in _list(found.get("parameters")):
        told = _followed(document, one)
        place = f"<code>{_text(told.get('name'))}</code> ({_text(told.get('in'))})"
        needed = "required" if told.get("required") else ""
        words = _text(told.get("description", ""))
        rows.append(f"<tr><td>{place}</td><td>{needed}</td><td>{words}</td></tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _body(document: Mapping[str, Json], body: Mapping[str, Json]) -> str:
    content = _object(body.get("content"))
    parts = [_content(document, kind, _object(one)) for kind, one in content.items()]
    return "<h3>Body</h3>" + "".join(parts) if parts else ""


def _answers(document: Mapping[str, Json], answers: Mapping[str, Json]) -> Iterator[str]:
    yield "<h3>Answers</h3>"
    for status, answer in sorted(answers.items()):
        told = _followed(document, answer)
        yield f"<h4>{escape(status)}: {_text(told.get('description', ''))}</h4>"
        for kind, one in _object(told.get("content")).items():
            yield _content(document, kind, _object(one))


def _content(document: Mapping[str, Json], kind: str, told: Mapping[str, Json]) -> str:
    """The media type, its schema by name or in full, and examples, or the codes of refusals."""
    examples = _object(told.get("examples"))
    parts = [f"<p><code>{escape(kind)}</code></p>"]
    if examples and kind.endswith("problem+json"):
        rows = (
            f"<dt><code>{escape(name)}</code></dt><dd>{_text(one.get('title', ''))} "
            f"{_text(one.get('help', ''))}</dd>"
            for name, one in ((n, _value(document, e)) for n, e in examples.items())
        )
        return f"{parts[0]}<dl>{''.join(rows)}</dl>"
    parts += [_json(_object(one).get("value")) for one in examples.values()]
    if "example" in told:
        parts.append(_json(told["example"]))
    schema = _followed(document, told.get("schema"))
    if schema and not kind.endswith("problem+json"):
        words = f"<details><summary>Schema</summary>{_json(schema)}</details>"
        parts.append(words)
    return "".join(parts)


def _json(value: Json) -> str:
    return f"<pre>{escape(dump_json(value, indent=2).decode())}</pre>"


def _followed(document: Mapping[str, Json], value: Json) -> Mapping[str, Json]:
    """The object itself, or the one that its ``$ref`` in this document leads to."""
    found = _object(value)
    address = found.get("$ref")
    if not isinstance(address, str) or not address.startswith("#/"):
        return found
    step: Json = document
    for name in address.removeprefix("#/").split("/"):
        step = _object(step).get(name)
    return _object(step)


def _value(document: Mapping[str, Json], example: Json) -> Mapping[str, Json]:
    return _object(_followed(document, example).get("value"))


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Json) -> list[Json]:
    return list(value) if isinstance(value, list | tuple) else []


def _text(value: Json) -> str:
    return escape(str(value))
