"""How a feed is read: each line by itself, then what the lines say of each other and of what is already known."""
