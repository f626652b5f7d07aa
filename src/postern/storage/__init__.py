"""Where everything is kept: one schema and one set of shelves on SQLite and PostgreSQL. All SQL lives in this room."""
