"""The desk's side: ask for named fields, verify what was shared, say what is missing."""
