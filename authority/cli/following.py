"""The commands of those who rely on the list: update a copy, check a set-up.

What is *not* here: reading the list while a patient stands there (the desk does, from the copy).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from healthpassport.encoding import Json

from .output import read_file, read_settings, say, show

if TYPE_CHECKING:
    from authority.service.checking import Finding


def update(
    *,
    url: Annotated[str, typer.Option(help="Where the authority publishes, an https URL.")],
    root: Annotated[Path, typer.Option(help="The pinned first root, 1.root.json.")],
    folder: Annotated[Path | None, typer.Option(help="Folder of the copy.")] = None,
    statuses: Annotated[
        Path | None, typer.Option(help="Also fetch all status lists into this folder.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="PEM file of the certificate authorities to believe.")
    ] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="host:port that may be on a private network; repeat.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Bring the copy of the trust list up to date, and with it the status lists."""
    from healthpassport.fetch import HttpsFetcher  # noqa: PLC0415 - cold start
    from healthpassport.refresh import StatusStore, update_trust_list  # noqa: PLC0415

    now = datetime.now(UTC)
    fetcher = HttpsFetcher(ca_file=ca_file, allowed_private_hosts=frozenset(allow or ()))
    view = update_trust_list(
        folder or read_settings().copy_folder,
        url=url,
        root=read_file(root),
        fetcher=fetcher,
        now=now,
    )
    results = (
        StatusStore(statuses).prefetch(view.trust_list, fetcher=fetcher, now=now)
        if statuses
        else ()
    )
    failed = {result.uri: result.error for result in results if result.error is not None}
    for uri, error in failed.items():
        say(f"{uri}: {error}")
    values: dict[str, Json] = {
        "list": view.trust_list.version,
        "issuers": len(view.trust_list.issuers),
        "verifiers": len(view.trust_list.verifiers),
        "statusLists": {r.uri: r.error.code if r.error else "ok" for r in results},
    }
    words = f"The trust list is version {view.trust_list.version}."
    show(values, words=words, as_json=as_json)
    if failed:
        sys.exit(1)


def check(
    *,
    folder: Annotated[Path | None, typer.Option(help="The authority's folder.")] = None,
    offline: Annotated[Path | None, typer.Option(help="Folder with the offline keys.")] = None,
    published: Annotated[Path | None, typer.Option(help="The folder that is served.")] = None,
    copy: Annotated[
        Path | None, typer.Option(help="Check this copy of the list instead; needs --root.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="The pinned first root.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is wrong with a set-up and what expires when; exit 1 when something is wrong."""
    from authority.service.checking import Level, check_authority, check_copy  # noqa: PLC0415
    from authority.store import AuthorityStore  # noqa: PLC0415 - cold start

    settings, now = read_settings(), datetime.now(UTC)
    findings: tuple[Finding, ...]
    if copy is not None:
        pinned = read_file(root) if root else b""
        max_age = timedelta(days=settings.max_age_days)
        findings = (check_copy(copy, root=pinned, now=now, max_age=max_age),)
    else:
        store = AuthorityStore(folder or settings.home, offline)
        findings = check_authority(store, published=published, now=now)
    rows: list[Json] = [
        {
            "level": finding.level.value,
            "subject": finding.subject,
            "message": finding.message,
            "expires": finding.expires.isoformat() if finding.expires else None,
        }
        for finding in findings
    ]
    words = "\n".join(f"{f.level.value:5} {f.subject}: {f.message}" for f in findings)
    show({"findings": rows}, words=words, as_json=as_json)
    if any(finding.level is Level.WRONG for finding in findings):
        sys.exit(1)
