"""Writes a new installation: settings that explain themselves, a data folder, the master key, and keys for DKIM.

It refuses to touch a folder that holds any of these already, and leaves nothing half-made behind: a key that was overwritten is
mail that nobody can read any more.
"""

import os
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import get_args, get_type_hints

from pydantic import BaseModel

from postern.errors import ConfigurationError
from postern.keys import create_master_file
from postern.model.address import is_domain
from postern.model.limits import Limits
from postern.settings import Settings
from postern.smtp.dkim import ED25519, RSA, dns_record, generate_private_key, load_signing_key

SETTINGS_FILE, DATA_FOLDER, DKIM_FOLDER, DKIM_RECORDS, MASTER_FILE = "postern.toml", "data", "dkim", "dkim.txt", "master.keys"
DEFAULT_MAIL_DOMAIN = "marketplace.example"
TXT_STRING = 255  # octets of one string of a TXT record (RFC 1035 3.3)
_WIDTH = 100

# Selector and algorithm of each key. Two, because not every receiver reads Ed25519 yet.
_DKIM = (("postern-rsa", RSA), ("postern-ed25519", ED25519))

# What an operator is likely to look at first; every other key stands in the file as a comment, with its default.
_ACTIVE = {
    "service": {"public_url", "data_dir"},
    "store": {"url"},
    "blobs": {"url"},
    "keys": {"master_file"},
    "smtp": {"listen", "hostname"},
    "delivery": {"next_hop"},
    "authentication": {"mode"},
}
_INTRODUCTION = """\
# The settings of Postern.
#
# Paths are relative to this file. Each key can also be set in the environment, which wins:
# [smtp] listen is POSTERN__SMTP__LISTEN. A key that does not exist is an error. A line that begins
# with "# " and a key shows the default; remove the "# " to change it.
"""


@dataclass(frozen=True, slots=True)
class _DkimKey:
    domain: str
    selector: str
    algorithm: str
    pem: bytes = field(repr=False)

    @property
    def file(self) -> str:
        return f"{DKIM_FOLDER}/{self.selector}.pem"


@dataclass(frozen=True, slots=True)
class _Option:
    key: str
    default: object  # None where there is none
    meaning: str


Values = Mapping[str, Mapping[str, str]]  # by section and key


def install(folder: Path, mail_domain: str = DEFAULT_MAIL_DOMAIN, values: Values = MappingProxyType({})) -> list[str]:
    """Make everything a first ``serve`` needs, and say what was made, in sentences. ``values`` stand in the settings file instead
    of the defaults. Raises ConfigurationError.
    """
    if not is_domain(mail_domain) or "." not in mail_domain:
        raise ConfigurationError("the mail domain must be a domain name such as marketplace.example")
    keys = [_DkimKey(mail_domain.lower(), selector, algorithm, generate_private_key(algorithm)) for selector, algorithm in _DKIM]
    _require_nothing_there(folder)
    made: list[Path] = []
    try:
        _write_all(folder, keys, values, made)
    except BaseException as error:
        _remove(made)
        if isinstance(error, OSError):
            raise ConfigurationError(f"{folder} cannot be written: {error.strerror}") from None
        raise
    return _report(folder, mail_domain)


def _require_nothing_there(folder: Path) -> None:
    for name in (SETTINGS_FILE, MASTER_FILE, DATA_FOLDER, DKIM_FOLDER, DKIM_RECORDS):
        if os.path.lexists(folder / name):
            raise ConfigurationError(f"{folder / name} exists already, and is not replaced: name another folder")


def _write_all(folder: Path, keys: list[_DkimKey], values: Values, made: list[Path]) -> None:
    """Write each piece, noting it in ``made`` as soon as it exists. The settings come last: with them it is an installation."""
    _make_folders(folder, made)
    _make_folders(folder / DATA_FOLDER, made)
    create_master_file(folder / MASTER_FILE)
    made.append(folder / MASTER_FILE)
    _make_folders(folder / DKIM_FOLDER, made)
    for key in keys:
        _write(folder / key.file, key.pem.decode(), 0o600, made)
    _write(folder / DKIM_RECORDS, _describe_records(keys), 0o644, made)
    _write(folder / SETTINGS_FILE, describe_configuration(keys, values), 0o600, made)


def _make_folders(folder: Path, made: list[Path]) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=0o700)
        made.append(missing)


def _write(path: Path, text: str, mode: int, made: list[Path]) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    made.append(path)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _remove(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()


def _report(folder: Path, mail_domain: str) -> list[str]:
    return [
        f"{folder / SETTINGS_FILE}: the settings, each explained",
        f"{folder / MASTER_FILE}: the master key; keep a copy in a safe place, for without it nothing that is kept can be read",
        f"{folder / DATA_FOLDER}: the folder for everything else that is kept",
        f"{folder / DKIM_FOLDER}: the keys that sign mail from {mail_domain}",
        f"{folder / DKIM_RECORDS}: the DNS records that let receivers check these signatures; publish them before mail goes out",
    ]


def _describe_records(keys: list[_DkimKey]) -> str:
    """The DNS records in the form of a zone file, one for each key."""
    lines = ["; Publish these TXT records, so that receivers can check the signatures under your mail.", ""]
    for key in keys:
        value = dns_record(load_signing_key(key.domain, key.selector, key.algorithm, key.pem))
        strings = [value[start : start + TXT_STRING] for start in range(0, len(value), TXT_STRING)]
        quoted = "\n  ".join(f'"{one}"' for one in strings)
        lines.append(f"{key.selector}._domainkey.{key.domain}. IN TXT (\n  {quoted} )\n")
    return "\n".join(lines)


def describe_configuration(keys: list[_DkimKey], values: Values = MappingProxyType({})) -> str:
    """The annotated settings file."""
    sections = [_INTRODUCTION]
    for name, options in _sections():
        sections.append(
            _describe_dkim(options, keys) if name == "dkim" else _describe_section(name, options, values.get(name, {}))
        )
    return "\n".join(sections)


def _sections() -> Iterator[tuple[str, list[_Option]]]:
    """Every section of the settings with its options, in their order."""
    for name, section in Settings.model_fields.items():
        model = next(iter(get_args(section.annotation)), section.annotation)
        if isinstance(model, type):
            yield name, _limits() if model is Limits else _options(model)


def _options(model: type) -> list[_Option]:
    if not issubclass(model, BaseModel):
        raise TypeError(f"{model.__name__} is no section of the settings")
    return [
        _Option(key, None if option.is_required() else option.default, option.description or "")
        for key, option in model.model_fields.items()
    ]


def _limits() -> list[_Option]:
    hints = get_type_hints(Limits, include_extras=True)
    return [_Option(one.name, one.default, " ".join(getattr(hints[one.name], "__metadata__", ()))) for one in fields(Limits)]


def _describe_section(name: str, options: list[_Option], values: Mapping[str, str]) -> str:
    lines = [f"[{name}]"]
    for one in options:
        mark = "" if one.key in values or one.key in _ACTIVE.get(name, set()) else "# "
        lines += [*_comment(one.meaning), f"{mark}{one.key} = {_spell(values.get(one.key, one.default))}", ""]
    return "\n".join(lines)


def _describe_dkim(options: list[_Option], keys: list[_DkimKey]) -> str:
    lines = [line for one in options for line in _comment(f"{one.key}: {one.meaning}")]
    for one in keys:
        values = {"domain": one.domain, "selector": one.selector, "algorithm": one.algorithm, "key_file": one.file}
        lines += ["[[dkim]]", *(f"{key} = {_spell(value)}" for key, value in values.items()), ""]
    return "\n".join(lines)


def _comment(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent="# ", subsequent_indent="# ")


def _spell(value: object) -> str:
    """A value as TOML writes it."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_spell(one) for one in value)}]"
    escaped = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def describe_settings() -> str:
    """The page of the manual on every setting."""
    lines = [
        "# Settings",
        "",
        "One file, `postern.toml`; `postern init DIR` writes it with these explanations in it. Each key can also be set in the",
        "environment, which wins over the file: `[smtp] listen` is `POSTERN__SMTP__LISTEN`. Paths are relative to the file.",
        "A key that does not exist is an error, and the answer names the nearest one.",
    ]
    for name, options in _sections():
        title = "[[dkim]]" if name == "dkim" else f"[{name}]"
        lines += ["", f"## `{title}`", "", Settings.model_fields[name].description or "", ""]
        lines += ["| key | default | meaning |", "|---|---|---|", *_table(options)]
    return "\n".join(lines) + "\n"


def _table(options: list[_Option]) -> Iterator[str]:
    for one in options:
        default = "(required)" if one.default is None else f"`{_spell(one.default)}`"
        yield f"| `{one.key}` | {default} | {one.meaning} |"
