"""The letter: bytes and MIME, pure. A mail is read into a small letter, and a new mail is generated from it."""
