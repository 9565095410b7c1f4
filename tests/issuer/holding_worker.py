"""An issuer with records that wait, until it is killed; run by tests/issuer/test_erased.py.

``holding_worker.py FOLDER``: of each bundle that standard input names, one a line, an offer
is made over the API, and another from which a wallet takes one record and leaves the others.
"""

import sys
import time
from pathlib import Path

from databases import on_sqlite
from simulated_issuer import Site, Wallet

from issuer import service

folder = Path(sys.argv[1])
site = Site(folder, on_sqlite(folder))
headers = {
    "authorization": f"Bearer {site.api_key}",
    "content-type": "application/fhir+json",
}
for line in sys.stdin:
    bundle = Path(line.strip()).read_bytes()
    answer = site.call("POST", "/offers", body=bundle, headers=headers)
    assert answer.status == 201, answer.body
    made = service.offer_bundle(site.issuer, client="practice", bundle=bundle)
    wallet = Wallet(site, made)
    assert wallet.ask_token().status == 200
    assert wallet.ask_credential("PatientIdentity").status == 200
sys.stdout.write(f"{site.settings.key}\n")
sys.stdout.flush()
time.sleep(600)
