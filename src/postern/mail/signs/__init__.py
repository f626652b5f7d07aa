"""What a mail may bear that shows who or what wrote it; each file knows one place to look."""
