"""Whether a credential still stands: status lists, built, signed and read.

What is *not* here: fetching a list (``healthpassport.refresh``) and keeping the issuer's entries
(``issuer.store``).
"""
