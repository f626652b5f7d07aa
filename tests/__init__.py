"""The tests, and what they share: the cast in people.py, a private PostgreSQL in cluster.py."""
