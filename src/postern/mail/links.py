"""Links in clean HTML: where each leads is said honestly, and nobody is followed by it.

Credentials and tracking parameters are cut out of addresses; a host in foreign letters is written as it is encoded (``xn--``);
and where the words of a link name another host than it leads to, the real one stands behind them. It refuses to guess: a host
that cannot be encoded leaves the link without an address.
"""

import re
from html import escape, unescape
from urllib.parse import urlsplit, urlunsplit

from postern.mail.contact_details import host_of, is_below
from postern.mail.marks import TAG

_LINK = re.compile(r'(<a\b[^<>]*\bhref="(https?://[^"]*)"[^<>]*>)(.*?)</a>', re.DOTALL | re.IGNORECASE)
_NAMED_HOST = re.compile(r"(?:https?://|\bwww\.)?((?:[\w-]+\.)+[a-z]{2,24})(?![\w@])", re.IGNORECASE)
_TRACKING_NAMES = (
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ysclid twclid ttclid igshid igsh mc_eid mc_cid mkt_tok _hsenc _hsmi"
    " __hssc __hstc __hsfp hsctatracking vero_id vero_conv oly_enc_id oly_anon_id rb_clickid s_cid wickedid ml_subscriber"
    " ml_subscriber_hash _openstat sc_cid srsltid epik li_fat_id mtm_campaign mtm_source mtm_medium mtm_keyword piwik_campaign"
    " pk_campaign pk_source ck_subscriber_id cvid oft_id dm_i ref_src elqtrackid elqtrack spmailingid spuserid spjobid bsft_uid"
    " _kx nr_email_referer _bta_tid _bta_c trk_contact trk_msg trk_module trk_sid"
)
# What most web addresses are: a host in small letters, no port, nothing that needs a second look.
_PLAIN_URL = re.compile(r"https?://(?:[a-z0-9-]{1,63}\.)+[a-z0-9-]{1,63}(?:/[!$-;=A-Z_a-z~]*+(?:\?([!$-;=A-Z_a-z~]++))?+)?+")
_TRACKING = frozenset(_TRACKING_NAMES.split())


def clean_url(url: str) -> str | None:
    """The same web address without credentials and tracking, its host in ASCII; None if it has no host that can be encoded."""
    if (plain := _PLAIN_URL.fullmatch(url)) and not any(map(_tracks, plain[1].split("&") if plain[1] else ())):
        return url
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode("ascii")
        port = f":{parts.port}" if parts.port else ""
    except (ValueError, UnicodeError):
        return None
    if not host or "%" in host:
        return None
    if host == parts.netloc and not parts.query:
        return url.strip()
    query = "&".join(one for one in parts.query.split("&") if not _tracks(one))
    return urlunsplit((parts.scheme, f"[{host}]{port}" if ":" in host else f"{host}{port}", parts.path, query, parts.fragment))


def _tracks(parameter: str) -> bool:
    name = parameter.partition("=")[0].lower()
    return name.startswith("utm_") or name in _TRACKING


def say_where_links_lead(html: str) -> str:
    """The real host behind the words of each link that would hide it."""
    return _LINK.sub(_with_host, html) if "href=" in html else html


def _with_host(link: re.Match[str]) -> str:
    host = host_of(unescape(link[2]))
    words = unescape(TAG.sub("", link[3]) if "<" in link[3] else link[3]).lower()
    if host in words or not (_is_foreign(host) or _names_another(words, host)):
        return link[0]
    return f"{link[1]}{link[3]} [{escape(host)}]</a>"


def _is_foreign(host: str) -> bool:
    return host.startswith("xn--") or ".xn--" in host


def _names_another(words: str, host: str) -> bool:
    if "." not in words:
        return False
    named = {match[1].removeprefix("www.") for match in _NAMED_HOST.finditer(words)}
    return any(not is_below(host, (one,)) and not is_below(one, (host.removeprefix("www."),)) for one in named)
