"""The stamps by which a mail shows that a helpdesk, or the shop software of a seller, sent it.

Such a program sends the answers of people, and marks many of them as no person's program would: Zendesk puts ``Auto-Submitted:
auto-generated`` on every one. So a stamp takes weight from those marks. It proves nothing about the author, and excuses no mark
that is certain: what a helpdesk answers by itself is as automatic as any robot's mail.
"""

import re
from collections.abc import Mapping

_STAMPS = frozenset(
    {
        "managed-by",  # Request Tracker
        "rt-originator",
        "rt-ticket",
        "x-deskpro-build",
        "x-fd-email-category",  # Freshdesk
        "x-freescout-mail-type",
        "x-freshdesk-ticket-id",
        "x-front-message-id",
        "x-gitlab-issue-id",  # GitLab Service Desk
        "x-glpi-notification",
        "x-gorgias-message-id",
        "x-gorgias-ticket-id",
        "x-helpscout-conversation-id",
        "x-helpscout-message-id",
        "x-hubspot-msg-id",
        "x-intercom-app-id",
        "x-intercom-comment-id",
        "x-jira-fingerprint",
        "x-odoo-message-id",
        "x-odoo-objects",
        "x-redmine-issue-id",
        "x-rt-loop-prevention",
        "x-rt-originator",
        "x-sfdc-lk",  # Salesforce
        "x-sfdc-user",
        "x-zendesk-email-id",
        "x-zendesk-from-account-id",
        "x-zendesk-message-id",
    }
)
_PROGRAM_FIELDS = ("x-mailer", "user-agent", "x-powered-by", "x-generated-by", "x-application")
FIELDS = _STAMPS | frozenset(_PROGRAM_FIELDS)

_PROGRAMS = re.compile(
    r"\b(?:afterbuy|billbee|cerb|channelreply|chatwoot|crisp|deskpro|dixa|edesk|erpnext|frappe|freescout|freshdesk|freshservice"
    r"|front(?:app)?(?=$|[ /(])|gitlab|gladly|glpi|gorgias|greyhound|groove|happyfox|hesk|help ?desk|help ?scout|helpspot|hiver"
    r"|hubspot|intercom|itop|jira|jtl|kayako|kustomer|liveagent|missive|odoo|osticket|otrs|pickware|plenty(?:markets|one|systems)"
    r"|re:?amaze|redmine|request tracker|richpanel|salesforce|service ?desk|supportbee|supportpal|ticket(?:s|ing)?|trengo|uvdesk"
    r"|xentral|xsellco|zammad|zendesk|znuny|zoho ?desk)(?![a-z])",
    re.IGNORECASE,
)
_HOSTS = (
    "freshdesk.com",
    "freshservice.com",
    "frontapp.com",
    "gorgias.com",
    "gorgias.io",
    "helpscout.net",
    "intercom.io",
    "zendesk.com",
    "zohodesk.com",
)
_VALUE_MAXIMUM = 1_000  # characters of one field that are looked at


def is_from_helpdesk(headers: Mapping[str, tuple[str, ...]], message_id: str | None) -> bool:
    """Whether a field, the name of the program, or the host in the Message-ID is a helpdesk's."""
    if not _STAMPS.isdisjoint(headers):
        return True
    named = (value for name in _PROGRAM_FIELDS for value in headers.get(name, ()))
    return any(_PROGRAMS.search(value[:_VALUE_MAXIMUM]) for value in named) or _is_of_helpdesk(message_id or "")


def _is_of_helpdesk(message_id: str) -> bool:
    host = message_id.rpartition("@")[2].rstrip(">").lower()
    return any(host == known or host.endswith(f".{known}") for known in _HOSTS)
