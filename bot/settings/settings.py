"""Loads the settings: secrets and addresses from the environment, the rest from gardener.toml.

Every mistake becomes one `SettingsError` that names the place, the problem and the fix, and never
contains a secret's value.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bot.core.commands.clocks import known_zone
from bot.core.model.environment import Environment
from bot.core.model.errors import GardenerError, UsageError
from bot.settings.file import FileMistake, environments
from bot.settings.team_rules import TeamRules
from bot.settings.team_rules import read as read_team_rules
from bot.settings.values import nearest, only_known

CONFIG = "gardener.toml"
STATE = "~/.local/state/gardener"


class SettingsError(GardenerError):
    """A missing or wrong setting; the message names it and the fix."""


def _web_address(value: object) -> object:
    address = str(value).strip()
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be a web address, such as https://api.example.com/")
    return address


def _slack_address(value: object) -> object:
    return str(_web_address(value)).rstrip("/") + "/"


def _plain_address(value: object) -> object:
    return str(_web_address(value)).rstrip("/")


def _grpc_address(value: object) -> object:
    parts = urlsplit(str(value).strip())
    if parts.scheme != "grpc" or not re.fullmatch(
        r"(?:\[[0-9a-fA-F:]+\]|[^:@/]+):\d+", parts.netloc
    ):
        raise ValueError("must read grpc://host:port; leave it unset to read from Google")
    return str(value).strip()


def _redis_address(value: object) -> object:
    address = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    if urlsplit(address.strip()).scheme not in ("redis", "rediss", "unix"):
        raise ValueError(
            "must begin with redis://, rediss:// or unix://; "
            "leave it unset to use the embedded server"
        )
    return SecretStr(address.strip())


def _key(value: object) -> object:
    # In a one-line variable, a PEM file has its line breaks as `\n`.
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return SecretStr(text.strip().replace("\\n", "\n"))


def _level(value: object) -> object:
    return str(value).strip().upper()


def _installation(value: object) -> object:
    if isinstance(value, str) and not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", value):
        raise ValueError("may have up to 64 letters, digits, dots, dashes and underscores")
    return value


def _zone(value: object) -> object:
    # POSIX also allows rules such as CET-1CEST, and C libraries a colon before a name.
    return known_zone(str(value).strip().removeprefix(":"))


class _Variables(BaseSettings):
    """The environment variables. An empty one counts as unset."""

    model_config = SettingsConfigDict(
        case_sensitive=True,
        env_ignore_empty=True,
        extra="ignore",
        hide_input_in_errors=True,
        validate_default=False,
    )

    SLACK_BOT_TOKEN: SecretStr | None = None
    SLACK_APP_TOKEN: SecretStr | None = None
    SLACK_SIGNING_SECRET: SecretStr | None = None
    SLACK_API_URL: Annotated[str, BeforeValidator(_slack_address)] = "https://slack.com/api/"
    REDIS_URL: Annotated[SecretStr | None, BeforeValidator(_redis_address)] = None
    GITHUB_TOKEN: SecretStr | None = None
    GITHUB_APP_ID: str | None = None
    GITHUB_APP_PRIVATE_KEY: Annotated[SecretStr | None, BeforeValidator(_key)] = None
    GITHUB_API_URL: Annotated[str, BeforeValidator(_plain_address)] = "https://api.github.com"
    GARDENER_LOGGING_ENDPOINT: Annotated[str | None, BeforeValidator(_grpc_address)] = None
    GARDENER_MONITORING_ENDPOINT: Annotated[str | None, BeforeValidator(_plain_address)] = None
    GARDENER_SECRET: SecretStr | None = None
    GARDENER_INSTALLATION: Annotated[str | None, BeforeValidator(_installation)] = None
    GARDENER_CONFIG: str | None = None
    GARDENER_STATE: str = STATE
    GARDENER_KEEP_MIB: Annotated[int, Field(ge=0, le=65_536)] = 32
    GARDENER_CLOCK: str | None = None
    TZ: Annotated[str | None, BeforeValidator(_zone)] = None
    PORT: Annotated[int, Field(ge=0, le=65_535)] = 8080
    LOG_LEVEL: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_level)
    ] = "INFO"


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings. Secrets are `SecretStr`: printing one shows asterisks."""

    environments: Mapping[str, Environment] = field(default_factory=dict)
    """By name, from gardener.toml; empty without a file."""
    config: Path = Path(CONFIG)
    """The file's path, whether or not it exists."""
    state_dir: Path = Path(STATE)
    """Directory of the embedded server and the local secret; created when needed."""
    slack_bot_token: SecretStr | None = None
    slack_app_token: SecretStr | None = None
    """Set: Socket Mode. Unset: HTTP at /slack/events."""
    slack_signing_secret: SecretStr | None = None
    slack_api_url: str = "https://slack.com/api/"
    """Ends with a slash."""
    redis_url: SecretStr | None = None
    """None: the embedded server in `state_dir`."""
    github_token: SecretStr | None = None
    github_app_id: str | None = None
    github_app_private_key: SecretStr | None = None
    github_api_url: str = "https://api.github.com"
    """Ends without a slash."""
    logging_endpoint: str | None = None
    """`grpc://host:port`; None: Google."""
    monitoring_endpoint: str | None = None
    """`http://host:port`; None: Google or, with a `logging_endpoint`, no monitoring."""
    secrets: tuple[bytes, ...] = ()
    """GARDENER_SECRET: the first signs; all verify and are used for look-ups."""
    installation: str | None = None
    """Identifies our keys in Redis; None: a hash of the oldest secret does."""
    keep_mib: int = 32
    """MiB of each environment's log that are kept for the next question, masked and counted; 0:
    nothing."""
    clock: Path | None = None
    """The file of the playground's clock; None: the machine's clock."""
    timezone: str | None = None
    """The terminal's time zone, from TZ; None if that names none."""
    port: int = 8080
    """0: any free one."""
    log_level: str = "INFO"

    def __repr__(self) -> str:
        known = ", ".join(self.environments) or "none"
        return f"<Settings config={self.config} environments={known}>"

    @property
    def hidden(self) -> tuple[str, ...]:
        """The texts of all secrets, for removal from the log."""
        single = (
            self.slack_bot_token,
            self.slack_app_token,
            self.slack_signing_secret,
            self.github_token,
            self.github_app_private_key,
        )
        texts = [secret.get_secret_value() for secret in single if secret is not None]
        texts += [secret.decode("utf-8", "replace") for secret in self.secrets]
        if self.redis_url is not None and (
            password := urlsplit(self.redis_url.get_secret_value()).password
        ):
            texts.append(password)
        return tuple(text for text in texts if text)

    def environment(self, name: str) -> Environment:
        """Finds an environment by name, ignoring case. Raises `UsageError`."""
        for known, environment in self.environments.items():
            if known.casefold() == name.casefold():
                return environment
        if not self.environments:
            raise UsageError(
                f'I know no environment "{name}": {self.config} has none. '
                f"Write [environments.{name}] with its project there, or name the file in "
                "GARDENER_CONFIG."
            )
        meant = nearest(name, self.environments)
        asked = f" Did you mean {meant}?" if meant else ""
        raise UsageError(f'I know no "{name}".{asked} Known: {", ".join(self.environments)}.')

    def zone(self, environment: Environment) -> str:
        """Returns the zone in which times are typed and shown in the terminal."""
        return self.timezone or environment.timezone


def load(config: Path | None = None, *, read_config: bool = True) -> Settings:
    """Loads the settings of this process. Raises `SettingsError` at the first mistake.

    `config` overrides GARDENER_CONFIG, which overrides gardener.toml in the working directory. A
    named file must exist; without the default one, there are no environments. With
    `read_config=False` no file is opened.
    """
    variables = _variables()
    named = config or (Path(variables.GARDENER_CONFIG) if variables.GARDENER_CONFIG else None)
    path = (named or Path(CONFIG)).expanduser().absolute()
    known: Mapping[str, Environment] = {}
    if read_config:
        known = _read(path, required=named is not None)
    if (variables.GITHUB_APP_ID is None) != (variables.GITHUB_APP_PRIVATE_KEY is None):
        there, absent = "GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY"
        if variables.GITHUB_APP_ID is None:
            there, absent = absent, there
        raise SettingsError(
            f"{there} is set but {absent} is not: set both, or use GITHUB_TOKEN instead."
        )
    return Settings(
        environments=MappingProxyType(dict(known)),
        config=path,
        state_dir=Path(variables.GARDENER_STATE).expanduser().absolute(),
        slack_bot_token=variables.SLACK_BOT_TOKEN,
        slack_app_token=variables.SLACK_APP_TOKEN,
        slack_signing_secret=variables.SLACK_SIGNING_SECRET,
        slack_api_url=variables.SLACK_API_URL,
        redis_url=variables.REDIS_URL,
        github_token=variables.GITHUB_TOKEN,
        github_app_id=variables.GITHUB_APP_ID,
        github_app_private_key=variables.GITHUB_APP_PRIVATE_KEY,
        github_api_url=variables.GITHUB_API_URL,
        logging_endpoint=variables.GARDENER_LOGGING_ENDPOINT,
        monitoring_endpoint=variables.GARDENER_MONITORING_ENDPOINT,
        secrets=_secrets(variables.GARDENER_SECRET),
        installation=variables.GARDENER_INSTALLATION,
        keep_mib=variables.GARDENER_KEEP_MIB,
        clock=_clock(variables),
        timezone=variables.TZ,
        port=variables.PORT,
        log_level=variables.LOG_LEVEL,
    )


def local_secret(state_dir: Path) -> bytes:
    """Returns this machine's own secret, created once in the state directory (mode 600).

    For `analyze` and the playground with the embedded server and no GARDENER_SECRET. Raises
    `SettingsError` if the directory cannot be written.
    """
    path = state_dir / "secret"
    try:
        state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Written to a temporary file and linked, so that two processes agree on one.
            descriptor, fresh = tempfile.mkstemp(dir=state_dir)  # mode 600
            with os.fdopen(descriptor, "wb") as file:
                file.write(os.urandom(32).hex().encode())
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
            Path(fresh).unlink()
        return path.read_bytes().strip()
    except OSError as error:
        raise SettingsError(
            f"{state_dir} cannot be used ({error.strerror}): "
            "name a directory of yours in GARDENER_STATE."
        ) from error


def _variables() -> _Variables:
    try:
        return _Variables()
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]) if first["loc"] else "the environment"
        problem = str(first["msg"]).removeprefix("Value error, ")
        if name == "LOG_LEVEL":
            problem = "must be DEBUG, INFO, WARNING, ERROR or CRITICAL"
        if name == "GARDENER_KEEP_MIB":
            problem = "must be a number of MiB from 0 to 65536"
        if name == "PORT":
            problem = "must be a number from 0 to 65535"
        raise SettingsError(f"The variable {name} {problem}.") from None


def _clock(variables: _Variables) -> Path | None:
    if variables.GARDENER_CLOCK is None:
        return None
    if urlsplit(variables.SLACK_API_URL).hostname not in ("127.0.0.1", "localhost"):
        raise SettingsError(
            "GARDENER_CLOCK moves the time of the playground only: unset it to use the real Slack."
        )
    return Path(variables.GARDENER_CLOCK)


def _secrets(value: SecretStr | None) -> tuple[bytes, ...]:
    if value is None:
        return ()
    parts = [part.strip() for part in value.get_secret_value().split(",")]
    if not parts[0]:
        raise SettingsError(
            "GARDENER_SECRET begins with a comma: the newest secret comes first, older ones after."
        )
    return tuple(part.encode() for part in dict.fromkeys(parts) if part)


def rules_of(path: Path, known: Mapping[str, Environment]) -> TeamRules:
    """Reads the [[rules]] and [[impact]] of a file, checked against the known environments.

    Raises `SettingsError`, with the line of the mistake.
    """
    text = _text(path)
    data = _parsed(path, text)
    try:
        only_known("", data, ["rules", "impact", "environments"])
        own = read_team_rules(data, text, known)
    except FileMistake as error:
        raise SettingsError(f"{path}: {error}") from None
    if not own.rules and not own.impacts:
        raise SettingsError(f"{path} holds no [[rules]] and no [[impact]]: write one.")
    return own


def _read(path: Path, *, required: bool) -> Mapping[str, Environment]:
    if not required and not path.exists():
        return {}
    text = _text(path)
    try:
        return environments(_parsed(path, text), text)
    except FileMistake as error:
        raise SettingsError(f"{path}: {error}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(
            f"{path} is not there: create it (the README shows one) or mend GARDENER_CONFIG."
        ) from None
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path} is not UTF-8 text (byte {error.start}): save it so.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from None


def _parsed(path: Path, text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not TOML: {error}.") from None
