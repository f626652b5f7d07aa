"""Quoted history: what mail programs write above a mail that they quote, in the languages in which they write it."""
