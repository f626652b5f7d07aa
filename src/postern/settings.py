"""Every option: name, type, default, meaning. Only the command line and wiring read this.

One TOML file, and the environment over it: ``[smtp] listen`` is also ``POSTERN__SMTP__LISTEN``. A key that does not exist is an
error with a suggestion, because a setting that is silently ignored is worse than none.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from postern.errors import ConfigurationError
from postern.listening import is_loopback
from postern.model.limits import Limits
from postern.setting_kinds import Nameservers, Networks, Socket

ENVIRONMENT_PREFIX = "POSTERN__"
DEFAULT_WEB = "127.0.0.1:8480"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def must_be_one_line(cls, value: object) -> object:
        """No path, name or URL has a NUL or a line break in it, and what is handed to the system cannot have one."""
        if isinstance(value, str) and not value.isprintable():
            raise ValueError("must not have control characters")
        return value


class ServiceSettings(_Section):
    """The service as people see it."""

    public_url: str = Field(
        default=f"http://{DEFAULT_WEB}", description="Where browsers reach Postern; links in mails begin with it."
    )
    data_dir: Path = Field(default=Path("data"), description="Folder for everything Postern keeps in files.")
    operator_address: str = Field(default="", description="Mail for postmaster@ and abuse@ goes on to this address.")

    @field_validator("public_url")
    @classmethod
    def must_be_a_web_address(cls, value: str) -> str:
        """Links are made by writing behind it."""
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("must be a web address such as https://messages.marketplace.example")
        return value


class StoreSettings(_Section):
    """Where everything is kept."""

    url: str = Field(
        default="sqlite:///data/postern.db", description="sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME"
    )


class BlobsSettings(_Section):
    """Where large mails are kept, sealed."""

    url: str = Field(default="file://data/blobs", description="file://FOLDER or s3://BUCKET/PREFIX (with postern[s3])")


class KeysSettings(_Section):
    """The one secret."""

    master_file: Path = Field(
        default=Path("master.keys"),
        description="The master key file, the same on every machine. Whoever loses it loses the record.",
    )


class SmtpSettings(_Section):
    """Mail in."""

    listen: str = Field(default="127.0.0.1:2525", description="Address and port on which mail is taken.")
    hostname: str = Field(
        default="localhost", description="What Postern calls itself in SMTP: the name that the MX record points to."
    )
    tls_cert: str = Field(default="", description="PEM file with the certificate chain; an ECDSA one costs half the time.")
    tls_key: str = Field(default="", description="PEM file with the certificate's private key.")
    mta_sts: Literal["none", "testing", "enforce"] = Field(
        default="none",
        description="The MTA-STS policy served at /.well-known/mta-sts.txt: whether servers write here without TLS.",
    )
    trusted_sources: Networks = Field(
        default=("127.0.0.0/8", "::1/128"),
        description="Networks that no limit by source holds up: a mail server of your own in front.",
    )

    proxy_protocol: Networks = Field(
        default=(),
        description="Networks of load balancers: each connection from there begins with a PROXY header (version 1 or 2), "
        "and counts as its client's. From anywhere else none is read.",
    )


class SubmissionSettings(_Section):
    """Mail in from sellers who sign in."""

    listen: str = Field(
        default="",
        description="Address and port on which sellers' mail programs sign in, such as 0.0.0.0:465; empty: none.",
    )
    tls: Literal["implicit", "starttls"] = Field(
        default="implicit",
        description="implicit: TLS from the first octet, as programs expect on port 465; starttls: as they do on port 587. "
        "Nobody signs in without it; the certificate is that of [smtp].",
    )


class ClamavSettings(_Section):
    """A virus scanner."""

    socket: Socket = Field(
        default="",
        description="Where ClamAV's daemon clamd listens: /PATH of its socket, or HOST:PORT. Empty: no mail is scanned. "
        "Its StreamMaxLength must not be below limits.message_size.",
    )


class WebSettings(_Section):
    """Pages."""

    listen: str = Field(
        default="", description="Address and port of the pages; empty: those of a loopback public_url, else " + DEFAULT_WEB + "."
    )
    trusted_proxies: Networks = Field(
        default=(), description="Networks of proxies in front of the pages, which say who the client is; nobody else is believed."
    )
    client_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for",
        description="The header in which they say it: x-forwarded-for (with X-Forwarded-Proto) or forwarded (RFC 7239). "
        "Each must add to it at the end.",
    )


class DeliverySettings(_Section):
    """Mail out."""

    next_hop: str = Field(
        default="sandbox",
        description="smtp://HOST:PORT, mx (each recipient's own host), or sandbox (kept in a folder, sent nowhere).",
    )
    tls: Literal["opportunistic", "required"] = Field(
        default="opportunistic",
        description="opportunistic: encrypted where possible, and with mx as a domain asks by MTA-STS. "
        "required, for smtp://HOST:PORT alone: a certificate valid for HOST, or no mail.",
    )


class DkimSettings(_Section):
    """One signature of a domain; a domain may have two (RSA and Ed25519)."""

    domain: str = Field(description="The signing domain: a marketplace's mail domain.")
    selector: str = Field(description="The record is SELECTOR._domainkey.DOMAIN.")
    algorithm: Literal["rsa-sha256", "ed25519-sha256"] = Field(description="rsa-sha256 or ed25519-sha256.")
    key_file: Path = Field(description="PEM file with the private key.")


class MetricsSettings(_Section):
    """Numbers for a Prometheus."""

    listen: str = Field(
        default="",
        description="Address and port that answer /metrics; empty: none. It asks nobody who they are: let no stranger reach it.",
    )


class RecordSettings(_Section):
    """A record that proves itself."""

    checkpoint_dir: Path = Field(
        default=Path("data/checkpoints"),
        description="Folder for signed checkpoints of the record. Best on another machine or disk: it tells of a store set back.",
    )


class AuthenticationSettings(_Section):
    """Proof of who wrote."""

    mode: Literal["off", "enforce", "upstream"] = Field(
        default="off",
        description="enforce: SPF or DKIM must prove the address in From. upstream: one server in front has checked it. "
        "off: it is believed; allowed on loopback only.",
    )
    upstream_host: str = Field(default="", description="The name of that server in its Authentication-Results.")
    upstream_addresses: Networks = Field(
        default=(), description="Its IP addresses or networks, as Postern sees them; no mail from elsewhere is believed."
    )


class DnsSettings(_Section):
    """Questions to the DNS."""

    nameservers: Nameservers = Field(
        default=(), description="Name servers to ask, as 192.0.2.53 or 192.0.2.53:5353; empty: the system's."
    )
    zone_file: str = Field(default="", description="A zone file (RFC 1035) that is asked first; `. SOA` in it shuts out the DNS.")


class RetentionSettings(_Section):
    """How long records are kept."""

    messages_days: int = Field(
        default=730,
        ge=0,
        description="Days that a message is kept, with its mails and attachments; 0 keeps for ever, here and below.",
    )
    house_mail_days: int = Field(
        default=365, ge=0, description="Days for mail to postmaster@ and abuse@, and for failure reports."
    )
    orders_days: int = Field(default=1_095, ge=0, description="Days that an order is kept after it was placed.")
    refused_days: int = Field(default=90, ge=0, description="Days that the record says who was refused in the session, and why.")
    journal_days: int = Field(default=2_557, ge=0, description="Days that the journal's other values are kept.")


class CatalogueSettings(_Section):
    """What may be written about."""

    folder: str = Field(
        default="", description="Folder of your own contact reasons, a file each; one of the same name takes the place of ours."
    )


class Settings(BaseSettings):
    """All sections."""

    model_config = SettingsConfigDict(
        env_prefix=ENVIRONMENT_PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    service: ServiceSettings = Field(default=ServiceSettings(), description="The service as people see it.")
    store: StoreSettings = Field(default=StoreSettings(), description="Where everything is kept.")
    blobs: BlobsSettings = Field(default=BlobsSettings(), description="Where large mails are kept, sealed.")
    keys: KeysSettings = Field(default=KeysSettings(), description="The one secret.")
    smtp: SmtpSettings = Field(default=SmtpSettings(), description="How mail comes in.")
    submission: SubmissionSettings = Field(default=SubmissionSettings(), description="How sellers' mail programs send.")
    clamav: ClamavSettings = Field(default=ClamavSettings(), description="Whether mail is scanned for malware.")
    web: WebSettings = Field(default=WebSettings(), description="Where the pages are.")
    delivery: DeliverySettings = Field(default=DeliverySettings(), description="How mail goes out.")
    dkim: tuple[DkimSettings, ...] = Field(
        default=(), description="The signatures under outgoing mail; a domain may have two (RSA and Ed25519)."
    )
    authentication: AuthenticationSettings = Field(default=AuthenticationSettings(), description="Proof of who wrote.")
    dns: DnsSettings = Field(default=DnsSettings(), description="How the DNS is asked.")
    record: RecordSettings = Field(default=RecordSettings(), description="How the record proves itself.")
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="What happens, in numbers.")
    catalogue: CatalogueSettings = Field(default=CatalogueSettings(), description="What people may write about.")
    retention: RetentionSettings = Field(default=RetentionSettings(), description="How long records are kept.")
    limits: Limits = Field(default=Limits(), description="Every named maximum.")

    @field_validator("limits", mode="before")
    @classmethod
    def must_be_numbers(cls, value: object) -> object:
        """True is no size, although Python would count it as 1."""
        if isinstance(value, Mapping):
            for name, maximum in value.items():
                if isinstance(maximum, bool):
                    raise ValueError(f"{name} must be a number")  # noqa: TRY004 - pydantic lets a TypeError through
        return value

    @field_validator("limits")
    @classmethod
    def must_not_be_negative(cls, value: Limits) -> Limits:
        """Every limit is a size, a time or a count."""
        for one in fields(value):
            if getattr(value, one.name) < 0:
                raise ValueError(f"{one.name} cannot be negative")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment over the file, and nothing else."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings


def load_settings(path: Path) -> Settings:
    """Read the file and the environment; relative paths become relative to the file. Raises ConfigurationError."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"there is no {path}; `postern init DIR` makes one, --config names another") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {type(error).__name__}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{path}: {error}") from None
    except RecursionError:
        raise ConfigurationError(f"{path}: nested too deep") from None
    for section in tables.keys() - Settings.model_fields.keys():
        raise ConfigurationError(f"{path}: {section}: no such key{_suggest(section, _keys_of())}")
    _require_known_environment(os.environ)
    try:
        settings = Settings(**tables)
    except ValidationError as error:
        raise ConfigurationError(f"{path}: " + "; ".join(_explain(one) for one in error.errors())) from None
    except SettingsError:
        raise ConfigurationError(f"environment: a whole section, as in {ENVIRONMENT_PREFIX}DKIM, must be JSON") from None
    return _with_absolute_paths(settings, path.parent.resolve())


def web_listen(settings: Settings) -> str:
    """Where the pages listen."""
    if settings.web.listen:
        return settings.web.listen
    try:
        url = urlsplit(settings.service.public_url)
        port = url.port
    except ValueError:
        raise ConfigurationError("service.public_url: its host or port cannot be read") from None
    candidate = f"{url.hostname}:{port}"
    return candidate if port and url.hostname and is_loopback(candidate) else DEFAULT_WEB


def _require_known_environment(environment: Mapping[str, str]) -> None:
    for name in environment:
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        section, _, key = name.removeprefix(ENVIRONMENT_PREFIX).lower().partition("__")
        if section not in Settings.model_fields:
            raise ConfigurationError(f"environment {name}: there is no section {section!r}{_suggest(section, _keys_of())}")
        if key and section != "dkim" and key not in _keys_of(section):
            raise ConfigurationError(f"environment {name}: [{section}] has no key {key!r}{_suggest(key, _keys_of(section))}")


def _explain(error: Mapping[str, Any]) -> str:
    """One mistake: where, what, and what was probably meant."""
    where = ".".join(str(part) for part in error["loc"])
    if error["type"] not in {"extra_forbidden", "unexpected_keyword_argument"}:
        return f"{where}: {_in_plain_words(error['msg'])}"
    *parents, key = (str(part) for part in error["loc"])
    return f"{where}: no such key{_suggest(key, _keys_of(*parents[:1]))}"


def _in_plain_words(message: str) -> str:
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    return "is missing" if message == "Field required" else message


def _keys_of(section: str = "") -> list[str]:
    """The keys of one section; without one, the sections."""
    if not section:
        return sorted(Settings.model_fields)
    annotation = Settings.model_fields[section].annotation
    model = next(iter(get_args(annotation)), annotation)
    if model is Limits:
        return sorted(one.name for one in fields(Limits))
    return sorted(model.model_fields) if isinstance(model, type) and issubclass(model, BaseModel) else []


def _suggest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f"; did you mean {near[0]!r}?" if near else f" (known: {', '.join(known)})"


def _with_absolute_paths(settings: Settings, folder: Path) -> Settings:
    """Paths in the file mean files beside it, wherever the command was started."""
    service = settings.service.model_copy(update={"data_dir": folder / settings.service.data_dir})
    keys = settings.keys.model_copy(update={"master_file": folder / settings.keys.master_file})
    dkim = tuple(one.model_copy(update={"key_file": folder / one.key_file}) for one in settings.dkim)
    smtp = settings.smtp.model_copy(
        update={name: str(folder / value) for name in ("tls_cert", "tls_key") if (value := getattr(settings.smtp, name))}
    )
    store = settings.store.model_copy(update={"url": _absolute(settings.store.url, "sqlite:///", folder)})
    blobs = settings.blobs.model_copy(update={"url": _absolute(settings.blobs.url, "file://", folder)})
    own = settings.catalogue.folder
    catalogue = settings.catalogue.model_copy(update={"folder": str(folder / own) if own else ""})
    dns = settings.dns.model_copy(update={"zone_file": str(folder / zone) if (zone := settings.dns.zone_file) else ""})
    record = settings.record.model_copy(update={"checkpoint_dir": folder / settings.record.checkpoint_dir})
    changed = {"catalogue": catalogue, "dns": dns, "record": record, "service": service, "keys": keys, "dkim": dkim}
    return settings.model_copy(update=changed | {"smtp": smtp, "store": store, "blobs": blobs})


def _absolute(url: str, scheme: str, folder: Path) -> str:
    if not url.startswith(scheme) or url.removeprefix(scheme) in ("", ":memory:"):  # which the store refuses by itself
        return url
    return scheme + str(folder / url.removeprefix(scheme))
