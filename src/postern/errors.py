"""The surprises: what is raised when something is wrong, as opposed to decided.

An outcome the rules foresee (a refusal, a repeat, a deferral) is returned, never raised. Each error here carries a sentence
that may be shown to the person who caused it; none carries an address or a message body.
"""


class PosternError(Exception):
    """The root of everything Postern raises on purpose."""


class ConfigurationError(PosternError):
    """The settings cannot work; the sentence names the key and the remedy."""


class FeedError(PosternError):
    """A feed line cannot be imported; the sentence is ``FILE:LINE: what is wrong``."""


class AddressError(PosternError, ValueError):
    """Text that is no RFC 5321 Mailbox that Postern can write to."""


class NotFoundError(PosternError):
    """Nothing has this name, or it is not for this viewer; both say the same."""


class ReasonError(PosternError):
    """Something that must be accounted for was asked for without a name or a reason, or with more words than that needs."""


class TokenError(PosternError):
    """A signed token is forged, damaged, meant for something else, or past its time."""


class StoreError(PosternError):
    """The store cannot take or give rows now; nothing was written, and trying again may help."""


class StoreAwayError(StoreError):
    """The store is locked by somebody else, or gone: whatever waits for it too would wait in vain; nothing was written."""


class StoreFullError(StoreError):
    """The disk under the store or the blobs has no room left; nothing was written."""


class DamagedError(PosternError):
    """Bytes that were sealed do not open: the key, the row or the blob is not what was written."""
