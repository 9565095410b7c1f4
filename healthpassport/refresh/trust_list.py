"""Updating the trust list: the TUF client workflow, and then one file replaced as a whole.

Rules: python-tuf's client does the workflow of the TUF specification (section 5) from the pinned
bootstrap root, over our fetcher, in a folder of its own; what it accepted is verified once more by
``trust.chain``, expired metadata is refused at ``now``, and only then the copy that others read is
replaced. Whatever fails, the last good copy stays. What is *not* here: reading (trust.reading).
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
)
from tuf.api.metadata import Root, Snapshot, Targets, Timestamp
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from healthpassport.errors import FetchError, PassportError, TrustError
from healthpassport.fetch import Fetcher, HttpRequest
from healthpassport.trust.cache import CachedFiles, read_cache, write_cache
from healthpassport.trust.chain import (
    MAX_ROOTS,
    TARGET,
    check_delegated,
    next_root,
    read_metadata,
    verify_chain,
    verify_roots,
)
from healthpassport.trust.model import MAX_LIST_BYTES, TrustView

METADATA_BYTES: Final = 524_288  # one file of TUF metadata
HTTP_OK: Final = 200
LEFT_OVER_SECONDS: Final = 3600  # a working folder this old belonged to an update that was killed
_WORK: Final = ".update-"
_ROOT: Final = re.compile(r"\d{1,20}\.root\.json\Z")
_ROLE: Final = re.compile(r"/(?:\d{1,20}\.)?(root|timestamp|snapshot|targets)\.json\Z")
_CODES: Final[Mapping[type[Exception], str]] = {
    BadVersionNumberError: "trust.rollback",
    LengthOrHashMismatchError: "trust.signature",
}
_OTHER_ROLES: Final = ("timestamp.json", "snapshot.json", "targets.json")


def update_trust_list(
    folder: Path, *, url: str, root: bytes, fetcher: Fetcher, now: datetime
) -> TrustView:
    """Bring the copy in ``folder`` up to date and return the list as it now stands.

    Args:
        folder: kept by this function; made when it is not there.
        url: the authority's repository: ``metadata/`` and ``targets/`` stand below it.
        root: the pinned bootstrap root.
        fetcher: the way to the network.
        now: aware; python-tuf itself also looks at the system's clock.

    Raises:
        TrustError: ``trust.rollback``, ``trust.expired``, ``trust.signature``,
            ``trust.threshold``, ``trust.root_chain``, ``trust.type``, ``trust.invalid``, ...
            ``trust.storage`` when the disk refuses.
        FetchError: ``limit.fetch`` and all others of the fetcher.
    """
    try:
        return _update(folder, url=url, root=root, fetcher=fetcher, now=now)
    except OSError as error:
        raise TrustError("trust.storage", error.strerror or "") from error


def _update(folder: Path, *, url: str, root: bytes, fetcher: Fetcher, now: datetime) -> TrustView:
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    with TemporaryDirectory(dir=folder, prefix=_WORK) as name:
        work = Path(name)
        _unpack(folder, work)
        adapter = _TufFetcher(fetcher)
        try:
            _run_workflow(work, url=url, root=root, adapter=adapter)
        except (RepositoryError, DownloadHTTPError, DownloadLengthMismatchError) as error:
            raise _explained(error, adapter=adapter, files=_pack(work), root=root) from error
        files = _pack(work)
        chain = verify_chain(files, root=root)
        if (role := chain.expired_role(now)) is not None:
            raise TrustError("trust.expired", f"the {role} metadata has expired")
        write_cache(folder, CachedFiles(files, now))
    return TrustView(chain.trust_list, now, timedelta(), stale=False)


def _run_workflow(work: Path, *, url: str, root: bytes, adapter: _TufFetcher) -> None:
    base = url.rstrip("/")
    config = UpdaterConfig(
        max_root_rotations=MAX_ROOTS,
        root_max_length=METADATA_BYTES,
        timestamp_max_length=METADATA_BYTES,
        snapshot_max_length=METADATA_BYTES,
        targets_max_length=METADATA_BYTES,
        max_delegations=1,  # the list is named by the top-level targets alone
    )
    updater = Updater(
        str(work),
        f"{base}/metadata/",
        str(work),
        f"{base}/targets/",
        fetcher=adapter,
        config=config,
        bootstrap=root,
    )
    updater.refresh()
    target = updater.get_targetinfo(TARGET)
    if target is None:
        raise TrustError("trust.type", "the signed metadata names no trust list")
    if updater.find_cached_target(target) is None:
        updater.download_target(target)


def _unpack(folder: Path, work: Path) -> None:
    """Lay out the last good copy as python-tuf keeps it; an altered one is fetched anew."""
    try:
        cached = read_cache(folder)
    except TrustError:
        return
    (work / "root_history").mkdir()
    for name, data in cached.files.items():
        if _ROOT.match(name):
            (work / "root_history" / name).write_bytes(data)
        elif name in {*_OTHER_ROLES, TARGET}:
            (work / name).write_bytes(data)


def _pack(work: Path) -> Mapping[str, bytes]:
    names = [path for path in (work / name for name in (*_OTHER_ROLES, TARGET)) if path.is_file()]
    roots = sorted((work / "root_history").glob("*.root.json"))
    return {path.name: path.read_bytes() for path in (*roots, *names)}


def _sweep(folder: Path) -> None:
    """Remove the working folders of updates that were killed."""
    for left in folder.glob(f"{_WORK}*"):
        with contextlib.suppress(FileNotFoundError):  # another update ended just now
            if time.time() - left.stat().st_mtime > LEFT_OVER_SECONDS:
                shutil.rmtree(left, ignore_errors=True)


class _TufFetcher(FetcherInterface):
    """Our fetcher under python-tuf's; it remembers the last file, to say what was wrong."""

    def __init__(self, fetcher: Fetcher) -> None:
        self._fetcher = fetcher
        self.url = ""
        self.data = b""

    def _fetch(self, url: str) -> Iterator[bytes]:
        limit = MAX_LIST_BYTES if url.endswith(f".{TARGET}") else METADATA_BYTES
        response = self._fetcher.fetch(HttpRequest("GET", url, max_bytes=limit))
        if response.status != HTTP_OK:
            raise DownloadHTTPError(f"status {response.status}", response.status)
        self.url, self.data = url, response.body
        yield response.body


def _explained(
    error: Exception, *, adapter: _TufFetcher, files: Mapping[str, bytes], root: bytes
) -> PassportError:
    """The refusal in our words, found by looking at the refused file again."""
    if isinstance(error, DownloadHTTPError):
        return FetchError("net.response", f"the authority's server answered {error}")
    if isinstance(error, DownloadLengthMismatchError):
        return FetchError("limit.fetch")
    if isinstance(error, ExpiredMetadataError):
        return TrustError("trust.expired", str(error))
    try:
        _look_again(adapter, files, root)
    except TrustError as refusal:
        return refusal
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return TrustError(code, str(error))
    return TrustError("trust.invalid", str(error))


def _look_again(adapter: _TufFetcher, files: Mapping[str, bytes], root: bytes) -> None:
    trusted = verify_roots(files, root=root)
    found = _ROLE.search(adapter.url)
    role = found[1] if found else ""
    if role == Root.type:
        next_root(trusted, adapter.data)
    elif role == Timestamp.type:
        check_delegated(trusted, read_metadata(Timestamp, adapter.data))
    elif role == Snapshot.type:
        check_delegated(trusted, read_metadata(Snapshot, adapter.data))
    elif role == Targets.type:
        check_delegated(trusted, read_metadata(Targets, adapter.data))
