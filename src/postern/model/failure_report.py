"""What a mail says that came back to one of our return paths: trade words alone, and nothing of what it quotes."""

from dataclasses import dataclass
from enum import StrEnum

from postern.model.enhanced_status import is_hard


class ReportKind(StrEnum):
    """What became of our mail, by the report. Only the first changes anything."""

    FAILED = "failed"
    DELAYED = "delayed"  # they go on trying
    DELIVERED = "delivered"  # or passed on to a server that reports nothing
    COMPLAINT = "complaint"  # the reader's provider passes on that it was marked as spam (RFC 5965)
    OTHER = "other"  # no report: an automatic reply, a receipt, a question whether we are people


@dataclass(frozen=True, slots=True)
class FailureReport:
    """``status`` is a code of the table in ``enhanced_status``, empty for complaints and others. ``form`` names by what it was
    understood, in our words.
    """

    kind: ReportKind
    status: str = ""
    form: str = ""

    @property
    def hard(self) -> bool:
        """Whether it says that the address takes no mail for good."""
        return self.kind is ReportKind.FAILED and is_hard(self.status)
