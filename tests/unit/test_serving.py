"""What `serve` refuses to open: a door where anybody could pretend to be anybody, or would say a secret in the clear."""

import pytest

from postern.errors import ConfigurationError
from postern.serving import require_safe
from postern.settings import AuthenticationSettings, Settings, SmtpSettings, SubmissionSettings


def settings(submission: str = "", *, encrypted: bool = False) -> Settings:
    smtp = SmtpSettings(tls_cert="both.pem", tls_key="both.pem") if encrypted else SmtpSettings()
    return Settings(
        smtp=smtp, submission=SubmissionSettings(listen=submission), authentication=AuthenticationSettings(mode="off")
    )


def test_nobody_signs_in_where_there_is_no_certificate() -> None:
    """S-05: not even on the loopback."""
    with pytest.raises(ConfigurationError, match=r"submission\.listen.*smtp\.tls_cert"):
        require_safe(settings("127.0.0.1:4650"))


@pytest.mark.parametrize("listen", ["127.0.0.1:4650", "0.0.0.0:465"])
def test_a_door_where_clients_sign_in_may_be_reached_from_anywhere(listen: str) -> None:
    """Who signed in is proved, whatever `authentication.mode` says of other mail."""
    require_safe(settings(listen, encrypted=True))
