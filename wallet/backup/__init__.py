"""One encrypted file that holds a wallet, and the ways to open it on a new device.

The format stands in docs/backup-format.md: ``header`` (what can be read without a key), ``keys``
(who can open it), ``parts`` (the sealed content), ``content`` (rows in it), ``writing`` and
``reading`` (the file), ``split`` and ``groups`` (the key among three people, as text). What is
*not* here: the vault, and what its rows mean.
"""
