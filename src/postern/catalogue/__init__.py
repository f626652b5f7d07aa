"""What the marketplace supplies as files: contact reasons and languages. Read here, decided elsewhere."""
