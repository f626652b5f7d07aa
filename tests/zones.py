"""A DNS of our own, as the zone file has it: everybody's mail may come from this machine, and nothing else exists."""

CLOSED = ". SOA ns.test. hostmaster.test. 1 3600 600 86400 60\n"
OUR_MACHINE = '"v=spf1 ip4:127.0.0.1 ip6:::1 -all"'


def may_send(*domains: str) -> str:
    """A zone file in which these domains' mail comes from this machine."""
    return CLOSED + "".join(f"{domain}. TXT {OUR_MACHINE}\n" for domain in domains)
