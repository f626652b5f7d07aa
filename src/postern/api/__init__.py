"""Door 3, for programs: Postern's own API."""
