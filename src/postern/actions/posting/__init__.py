"""How a message that is written here, and not in a mail program, becomes one of a thread."""
