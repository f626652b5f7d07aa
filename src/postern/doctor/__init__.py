"""Is this installation well? What is examined, what was found, and what to do about it.

It looks and asks, and changes nothing: no mail is sent, no row written, no setting mended.
"""
