"""The wallet's side of OpenID4VCI 1.0 and OpenID4VP 1.0.

``offers`` and ``collecting`` fetch records, ``checking`` judges them before they are kept,
``asking`` fetches a request, ``answering`` sends what a person chose. The network is a ``Fetcher``
that the caller brings. What is *not* here: what is kept (vault) and what a person wants (consent).
"""
