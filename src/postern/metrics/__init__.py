"""What happens here, in numbers that a Prometheus collects: counted where the doors and the courier are handed over.

It knows reasons, outcomes and times, and never an address, a subject or an id.
"""
