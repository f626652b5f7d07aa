"""The door for programs: the same actions as the pages, under the same rules."""
