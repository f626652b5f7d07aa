"""The nouns: frozen data that every room may speak of. No I/O, and nothing but the standard library."""
