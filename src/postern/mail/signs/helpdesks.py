"""The stamps by which a mail shows that a helpdesk, or the shop software of a seller, sent it.

Such a program sends the answers of people, and marks many of them as no person's program would: Zendesk puts ``Auto-Submitted:
auto-generated`` on every one. So a stamp takes weight from those marks. It proves nothing about the author, and excuses no mark
that is certain: what a helpdesk answers by itself is as automatic as any robot's mail.
"""

import re

from postern.mail.letter import Reading
from postern.model.envelope import Envelope

_STAMPS = frozenset(
    {
        "managed-by",  # Request Tracker
        "rt-originator",
        "rt-ticket",
        "x-deskpro-build",
        "x-freescout-mail-type",
        "x-freshdesk-ticket-id",
        "x-gitlab-issue-id",  # GitLab Service Desk
        "x-hubspot-msg-id",
        "x-intercom-app-id",
        "x-intercom-comment-id",
        "x-jira-fingerprint",
        "x-odoo-message-id",
        "x-odoo-objects",
        "x-redmine-issue-id",
        "x-rt-loop-prevention",
        "x-sfdc-lk",  # Salesforce
        "x-sfdc-user",
        "x-zendesk-email-id",
        "x-zendesk-from-account-id",
        "x-zendesk-message-id",
    }
)
_PROGRAM_FIELDS = ("x-mailer", "user-agent", "x-powered-by")
FIELDS = _STAMPS | {*_PROGRAM_FIELDS, "reply-to"}

_PROGRAMS = re.compile(
    r"\b(?:afterbuy|billbee|cerb|channelreply|chatwoot|crisp|deskpro|dixa|edesk|erpnext|frappe|freescout|freshdesk|freshservice"
    r"|front(?:app)?(?=$|[ /(])|gitlab|gladly|glpi|gorgias|greyhound|groove|happyfox|hesk|help ?desk|help ?scout|helpspot|hiver"
    r"|hubspot|intercom|itop|jira|jtl|kayako|kustomer|liveagent|missive|odoo|osticket|otrs|pickware|plenty(?:markets|one|systems)"
    r"|re:?amaze|redmine|request tracker|richpanel|salesforce|service ?desk|supportbee|supportpal|ticket(?:s|ing)?|trengo|uvdesk"
    r"|xentral|xsellco|zammad|zendesk|znuny|zoho ?desk)(?![a-z])",
    re.IGNORECASE,
)
_HOSTS = re.compile(
    r"^<glpi[-_]|[@.](?:atlassian\.net|channelreply\.com|dixa\.io|edesk\.com|freshdesk\.com|freshservice\.com|frontapp\.com|gorgias\.(?:com|io)"
    r"|groovehq\.com|happyfox\.com|helpscout\.net|intercom\.io|intercom-mail\.com|kayako\.com|kustomerapp\.com|ladesk\.com"
    r"|reamaze\.com|richpanel\.com|trengo\.(?:com|eu)|xsellco\.com|zendesk\.com|zohodesk\.(?:com|eu))(?![\w.-])",
    re.IGNORECASE,
)
_VALUE_MAXIMUM = 1_000  # characters of one field that are looked at


def is_from_helpdesk(reading: Reading, envelope: Envelope) -> bool:
    """Whether a field, the program's name, the Message-ID, or a host that the mail or its answers pass is a helpdesk's."""
    headers = reading.headers
    if not _STAMPS.isdisjoint(headers):
        return True
    programs = (value for name in _PROGRAM_FIELDS for value in headers.get(name, ()))
    if any(_PROGRAMS.search(value[:_VALUE_MAXIMUM]) for value in programs):
        return True
    passed = (reading.message_id or "", envelope.reverse_path, *headers.get("reply-to", ()))
    return any(_HOSTS.search(value[:_VALUE_MAXIMUM]) for value in passed)
