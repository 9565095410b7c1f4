"""The client of the API for record systems."""
