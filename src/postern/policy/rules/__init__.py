"""The rules, one short file a subject. A rule looks at the facts and returns findings, never a verdict."""
