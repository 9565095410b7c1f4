"""The issuing body's side: FHIR in, signed records out, nothing clinical kept."""
