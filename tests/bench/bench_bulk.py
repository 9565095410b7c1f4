"""How long a bulk run takes: people in a source folder become offers over PostgreSQL.

``python tests/bench/bench_bulk.py`` starts a PostgreSQL (durable, as in service), writes made-up
notes of many people, starts a run and lets real ``passport-issuer worker`` processes do it. The
issue asks for 1,000 offers in 60 seconds on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parents[2])]

from fhir_examples import PATIENT, allergy, bundle, concept, data, medicine, problem  # noqa: E402
from postgresql_world import running  # noqa: E402
from simulated_issuer import made_settings  # noqa: E402

from healthpassport.keys import generate_signer  # noqa: E402
from issuer.service import bulk, open_issuer  # noqa: E402
from issuer.service.bulk_lines import parse_lines  # noqa: E402
from issuer.store.bulk import BulkState  # noqa: E402

NHS = "https://fhir.nhs.uk/Id/nhs-number"


def notes(number: int) -> bytes:
    """One made-up person: two allergies, four medicines, two problems."""
    nhs = f"999{number:06d}"
    check = -sum(int(digit) * (10 - place) for place, digit in enumerate(nhs)) % 11
    who = PATIENT | {"identifier": [{"system": NHS, "value": f"{nhs}{check % 10}"}]}
    drugs = ["Ramipril", "Metformin", "Amlodipine", "Simvastatin"]
    return data(
        bundle(
            who,
            allergy(),
            allergy(concept("1003755004", "Allergy to latex")),
            *(medicine(concept(str(386872004 + place), name)) for place, name in enumerate(drugs)),
            problem(),
            problem(concept("44054006", "Type 2 diabetes")),
        )
    )


def measure(offers: int, workers: int, url: str, folder: Path) -> dict[str, float | int | str]:
    source = folder / "source"
    source.mkdir()
    names = [f"{number:06d}.json" for number in range(offers)]
    for number, name in enumerate(names):
        (source / name).write_bytes(notes(number))
    settings, _ = made_settings(
        folder, certified_at=datetime.now(UTC), database_url=url, source_folder=source
    )
    issuer = open_issuer(settings, clock=lambda: datetime.now(UTC), random=secrets.token_bytes)
    key, begun = generate_signer(), time.monotonic()
    run = bulk.start(
        issuer,
        parse_lines(("source\n" + "\n".join(names) + "\n").encode()),
        client="command-line",
        recipient=bulk.recipient_of(key),
    )
    started = time.monotonic() - begun
    values = {
        **{name: str(getattr(settings, name)) for name in ("iss", "ods", "name", "key", "x5c")},
        "api_keys": str(settings.api_keys),
        "database_url": url,
        "source_folder": str(source),
    }
    environment = {f"PASSPORT_ISSUER_{name.upper()}": value for name, value in values.items()}
    command = [Path(sys.executable).with_name("passport-issuer"), "worker"]
    processes = [
        subprocess.Popen(
            command, env={"PATH": os.defpath, **environment}, stderr=subprocess.DEVNULL
        )
        for _ in range(workers)
    ]
    try:
        while bulk.progress(issuer, run).bulk.state is BulkState.RUNNING:
            time.sleep(0.2)
        seconds = time.monotonic() - begun
    finally:
        for process in processes:
            process.terminate()
            process.wait()
    counts = dict(bulk.progress(issuer, run).counts)
    assert counts == {"offered": offers}, counts
    told = bulk.results(issuer, run, key=key)
    assert len({one.link for one in told}) == offers
    issuer.store.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "offers": offers,
        "workers": workers,
        "cores": os.cpu_count() or 0,
        "python": platform.python_version(),
        "start_seconds": round(started, 2),
        "seconds": round(seconds, 1),
        "worker_cpu_seconds": round(used.ru_utime + used.ru_stime, 1),
        "offers_per_second": round(offers / seconds, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--offers", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    wanted = parser.parse_args()
    with running(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        found = measure(wanted.offers, wanted.workers, server.empty_database(), Path(folder))
    sys.stdout.write(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
