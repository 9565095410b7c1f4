"""Commands that need no running desk."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from healthpassport.credential import Challenge, Credential, Presentation, Verdict
from healthpassport.encoding import (
    MAX_BODY_BYTES,
    Json,
    dump_json,
    parse_json,
    parse_json_object,
)
from healthpassport.errors import ProtocolError, SettingsError
from healthpassport.protocols.dcql import Query
from healthpassport.protocols.oid4vp import VpResponse, parse_payload
from healthpassport.terminal import FAILED
from healthpassport.verification import verify_presentation
from verifier.service import DeskLists, desk_policy, desk_templates, summary_json

from .output import data, deployment, document, say, settings
from .report import print_result


def update(*, as_json: bool) -> None:
    """Fetch trust list and status lists."""
    own = deployment()  # several organisations share the lists
    done = DeskLists(own, policy=desk_policy(own)).refresh(datetime.now(UTC))
    if as_json:
        failed: list[Json] = [{"uri": uri, "code": code} for uri, code in done.failed]
        document(
            {
                "version": 1,
                "trustListVersion": done.version,
                "statusListsFetched": done.fetched,
                "statusListsFailed": failed,
            }
        )
    else:
        data(f"trust list {done.version}, {done.fetched} status lists")
        for uri, code in done.failed:
            say(f"{uri}: {code}; the copy at hand stays")
    if done.failed:
        sys.exit(FAILED)


def templates(*, as_json: bool) -> None:
    """List the templates."""
    found = desk_templates(settings()).all()
    if as_json:
        rows: list[Json] = [
            {
                "id": one.id,
                "purpose": one.purpose,
                "title": one.title,
                "patientTitle": one.words().patient_title,
                "reason": one.words().reason,
                "sections": [name for name, _ in one.words().sections],
                "query": one.dcql,
            }
            for one in found
        ]
        document({"version": 1, "templates": rows})
        return
    for one in found:
        data(f"{one.id}\t{one.title}\t{one.words().reason}")


def verify(file: str, *, nonce: str, audience: str, query: Path, as_json: bool) -> None:
    """Verify a presentation from a file."""
    now = datetime.now(UTC)
    own = settings()
    policy = desk_policy(own)
    asked = Query.parse(parse_json(_read(query)))
    presentation = _presentation(_read(None if file == "-" else Path(file)), asked)
    lists = DeskLists(own, policy=policy).views(now)
    summary = verify_presentation(
        presentation=presentation,
        challenge=Challenge(nonce, audience),
        query=asked,
        trust=lists.trust,
        status=lists.status,
        policy=policy,
        now=now,
    )
    result = summary_json(summary)
    if as_json:
        document(result)
    else:
        print_result(result)
    if summary.verdict is not Verdict.ACCEPTED:
        say(f"Not accepted: {', '.join(summary.codes) or 'nothing was shared'}")
        sys.exit(FAILED)


def _read(path: Path | None) -> bytes:
    stream = sys.stdin.buffer
    try:
        found = stream.read(MAX_BODY_BYTES + 1) if path is None else path.read_bytes()
    except OSError as error:
        raise SettingsError("verifier.setup", f"cannot read {path}") from error
    return found


def _presentation(found: bytes, query: Query) -> Presentation:
    """A vp_token, or one bare presentation for a query that asks for one record."""
    text = found.decode("utf-8", "replace").strip()
    if not text.startswith("{"):
        if len(query.credentials) != 1:
            raise ProtocolError("vp.format", "the query asks for more than one record")
        wanted = query.credentials[0]
        return Presentation({wanted.id: (Credential(wanted.format, text),)})
    token = parse_json_object(text)
    if "@context" in token and len(query.credentials) == 1:  # a W3C presentation by itself
        token = {query.credentials[0].id: [token]}
    wrapped = token if "vp_token" in token else {"vp_token": token}
    answer = parse_payload(dump_json(wrapped), query=query)
    if not isinstance(answer, VpResponse):
        raise ProtocolError("vp.format", "the file holds an error, not an answer")
    return answer.presentation
