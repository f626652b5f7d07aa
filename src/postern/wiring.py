"""Builds what every command and process shares: settings, keys, and the answers that stand behind the ports.

Nothing is decided here, and nothing is started: a pool process and a command need little, and get no more (``serving`` builds
the running system on top).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from postern.actions.checkpoint_record import checkpoint_record
from postern.actions.decide_held import expire
from postern.actions.deliver_mail import Sign
from postern.actions.export_evidence import Typeset
from postern.actions.frame import Frame
from postern.actions.keep_queue import mend_times
from postern.actions.keep_sessions import keep_sessions
from postern.actions.retain import run_retention
from postern.actions.seal_journal import seal_journal
from postern.actions.tell_order_news import tell_order_news
from postern.actions.watch_addresses import watch_addresses
from postern.catalogue.load import Catalogue, load_catalogue, read_catalogue
from postern.catalogue.reason_file import Mistake
from postern.connect.checkpoints import CheckpointFolder
from postern.connect.clock import SystemClock
from postern.connect.disks import Disks
from postern.connect.folder import Folder
from postern.connect.sandbox import SandboxOutbox
from postern.errors import ConfigurationError
from postern.keys import load_keyring
from postern.listening import split_listen
from postern.model.authentication import Authentication
from postern.model.envelope import Mail
from postern.model.hosts import read_nameservers, read_networks
from postern.model.retention import Retention
from postern.ports import Blobs, Clock
from postern.settings import DkimSettings, Settings, load_settings
from postern.smtp.authentication.answers import Answer, Answers, Question
from postern.smtp.authentication.examine import Open, examine
from postern.smtp.authentication.upstream import Front, take_word
from postern.smtp.dkim import SigningKey, load_signing_key, sign
from postern.smtp.resolver import DnsResolver
from postern.smtp.zone_file import ZoneFile
from postern.storage.engine import read_url
from postern.storage.order_news import is_news_waiting
from postern.storage.seals import is_unsealed
from postern.storage.store import Reader, Store
from postern.storage.vault import Vault
from postern.worker.timetable import Task

Examine = Callable[[Mail, Mapping[Question, Answer]], Authentication | Open]

_FILE = "file://"


@dataclass(frozen=True, slots=True)
class SubmissionDoor:
    """What a mail program must be told. Without a port the door is shut; ``security`` is what programs call it."""

    host: str
    port: int | None
    security: str


@dataclass(frozen=True, slots=True)
class House:
    """One installation: its settings as plain values, its keys, and where its blobs lie."""

    settings: Settings
    config: Path
    frame: Frame
    vault: Vault
    blobs: Blobs
    clock: Clock

    @property
    def public_host(self) -> str:
        """The name under which browsers reach the pages."""
        return urlsplit(self.frame.public_url).hostname or ""

    def open_store(self) -> Store:
        return Store(self.settings.store.url, self.vault, self.blobs, self.frame.limits)

    def open_reader(self, connections: int) -> Reader:
        return Reader(self.settings.store.url, self.vault, self.blobs, connections)

    def checkpoints(self) -> CheckpointFolder:
        """Where signed checkpoints lie outside the store."""
        return CheckpointFolder(self.settings.record.checkpoint_dir)

    def submission_door(self) -> SubmissionDoor:
        """Where sellers' mail programs sign in to send."""
        listen, tls = self.settings.submission.listen, self.settings.submission.tls
        port = split_listen(listen)[1] if listen else None
        return SubmissionDoor(self.frame.hostname, port, "SSL/TLS" if tls == "implicit" else "STARTTLS")

    def kept_folders(self) -> list[Path]:
        """The folders of this machine in which anything is kept."""
        folders = [self.settings.service.data_dir]
        store, blobs = read_url(self.settings.store.url), self.settings.blobs.url
        if store.drivername == "sqlite":
            folders.append(Path(str(store.database)).parent)
        if blobs.startswith(_FILE):
            folders.append(Path(blobs.removeprefix(_FILE)))
        return folders

    def disks(self) -> Disks:
        """The disks under them."""
        return Disks(self.kept_folders(), self.frame.limits)

    def outbox(self) -> SandboxOutbox | None:
        """The sandbox, where it is the next hop."""
        if self.settings.delivery.next_hop != "sandbox":
            return None
        return SandboxOutbox(self.settings.service.data_dir / "outbox", self.clock, self.frame.limits)


def build_house(config: Path) -> House:
    """Read the settings and the keys. Raises ConfigurationError."""
    settings = load_settings(config)
    keyring = load_keyring(settings.keys.master_file)
    limits = settings.limits
    retention = Retention(**settings.retention.model_dump())
    catalogue = load_catalogue(Path(settings.catalogue.folder) if settings.catalogue.folder else None)
    frame = Frame(
        settings.service.public_url.rstrip("/"),
        settings.smtp.hostname,
        keyring,
        limits,
        retention,
        catalogue.reasons,
        catalogue.content_rules,
    )
    return House(settings, config, frame, Vault(keyring), _blobs(settings), SystemClock())


def look_over_catalogue(own_folder: Path | None) -> tuple[Catalogue, tuple[Mistake, ...]]:
    """What may be written about, with an operator's own folder, and what is wrong in its files."""
    return read_catalogue(own_folder)


def tasks_of(house: House) -> tuple[Task, ...]:
    """All that is done without being asked, in the order in which tasks that are due together run."""
    outside = house.checkpoints()

    def checkpoint(store: Store, frame: Frame, clock: Clock) -> str | None:
        size = checkpoint_record(store, frame, clock, outside)
        return f"signed over {size} entries" if size else None

    return (
        Task("seal", timedelta(seconds=1), seal_journal, has_work=is_unsealed),
        Task("checkpoint", timedelta(hours=1), checkpoint),
        Task("retention", timedelta(hours=24), run_retention),
        Task("mend times", timedelta(minutes=1), mend_times),
        Task("expire holds", timedelta(minutes=10), expire),
        Task("sessions", timedelta(hours=1), keep_sessions),
        Task("order news", timedelta(seconds=10), tell_order_news, has_work=is_news_waiting),
        Task("watch addresses", timedelta(minutes=10), watch_addresses),
    )


def resolver_of(settings: Settings) -> DnsResolver:
    """Who is asked about the DNS. Raises ConfigurationError."""
    zone = ZoneFile.read(Path(settings.dns.zone_file)) if settings.dns.zone_file else None
    return DnsResolver(read_nameservers(settings.dns.nameservers), zone)


def signer(settings: Settings) -> Sign:
    """Signs with every key of the sender's domain; what comes from a domain without keys is sent unsigned."""
    keys = load_signing_keys(settings)

    def sign_for(content: bytes, domain: str, signed_at: datetime) -> bytes:
        return sign(content, keys[domain], signed_at) if domain in keys else content

    return sign_for


def load_signing_keys(settings: Settings) -> dict[str, list[SigningKey]]:
    """The keys of each domain. Raises ConfigurationError."""
    keys: dict[str, list[SigningKey]] = {}
    for one in settings.dkim:
        keys.setdefault(one.domain.lower(), []).append(_signing_key(one))
    return keys


def examiner(settings: Settings) -> Examine:
    """How a mail's author is proved. Raises ConfigurationError."""
    limits, chosen = settings.limits, settings.authentication
    match chosen.mode:
        case "enforce":
            return lambda mail, known: examine(mail, Answers(known), limits)
        case "upstream":
            if not (chosen.upstream_host and chosen.upstream_addresses):
                raise ConfigurationError("authentication.mode: upstream needs upstream_host and upstream_addresses")
            front = Front(chosen.upstream_host, read_networks(chosen.upstream_addresses))
            return lambda mail, _known: take_word(mail, front, limits)
        case _:
            return lambda _mail, _known: Authentication()


def _signing_key(one: DkimSettings) -> SigningKey:
    try:
        pem = one.key_file.read_bytes()
    except OSError:
        raise ConfigurationError(f"dkim.key_file: {one.key_file} cannot be read") from None
    return load_signing_key(one.domain, one.selector, one.algorithm, pem)


def _blobs(settings: Settings) -> Blobs:
    url = settings.blobs.url
    if url.startswith(_FILE):
        return Folder(Path(url.removeprefix(_FILE)))
    if url.startswith("s3://"):
        return _bucket(url)
    raise ConfigurationError("blobs.url: must begin with file:// or s3://")


def typesetter() -> Typeset:
    """Who sets the pages of evidence. Raises ConfigurationError without the extra."""
    try:
        from postern.connect.typesetting import typeset  # noqa: PLC0415 - an extra: absent unless postern[pdf] was installed
    except ImportError:
        raise ConfigurationError("evidence.pdf needs the extra: install postern[pdf], or say --no-pdf") from None
    return typeset


def _bucket(url: str) -> Blobs:
    try:
        from postern.connect.bucket import open_bucket  # noqa: PLC0415 - an extra: absent unless postern[s3] was installed
    except ImportError:
        raise ConfigurationError("blobs.url: s3:// needs the extra: install postern[s3]") from None
    return open_bucket(url)
