"""Proof of sender: SPF, DKIM, DMARC and ARC, or what one server in front found. ``examine`` is where to begin."""
