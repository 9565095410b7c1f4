"""The patient's side: an encrypted vault that only they can open, and consent to each share."""
