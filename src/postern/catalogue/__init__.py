"""What the marketplace supplies as files: contact reasons, words that content rules look for, languages. Decided elsewhere."""
