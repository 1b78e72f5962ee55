"""Parses the text after /gardener into a command, or suggests the nearest valid one. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.core.commands import (
    clocks,
    did_you_mean,
    diff_command,
    grouping_commands,
    time_windows,
    watch_commands,
)
from bot.core.commands.commands import (
    Analyze,
    Command,
    DigestNow,
    DigestOff,
    DigestOn,
    ExpectedList,
    Help,
    Suggestion,
    Why,
)
from bot.core.commands.grouping_commands import RuleList, SameAs, SplitBy
from bot.core.model.days import Days
from bot.core.model.environment import Environment
from bot.core.model.errors import UsageError
from bot.core.model.values import Severity

KEYWORDS = ("digest", "diff", "expected", "why", "same", "split", "rules", "watch", "help")
OPTIONS = ("service", "severity")
MORNING = "09:00"


def default_environment(
    environments: Sequence[Environment], channel: str, channel_name: str = "", last: str = ""
) -> str | None:
    """Returns the environment that a channel implies if none is named.

    The one whose `channels` list the channel, else the only one, else the last one used here.
    """
    named = [e.name for e in environments if {channel, f"#{channel_name}"} & set(e.channels or ())]
    if len(named) == 1:
        return named[0]
    if len(environments) == 1:
        return environments[0].name
    known = {e.name for e in environments}
    return last if last in known else None


def parse(
    text: str,
    *,
    environments: Sequence[Environment],
    default: str | None,
    now: int,
    timezone: str | None = None,
) -> Command | Suggestion:
    """Parses the text after /gardener.

    `default`: this channel's environment; `now`: nanoseconds; `timezone`: the asker's, in which
    they type times. None: the environment's.
    """
    tidied = did_you_mean.tidy(text)
    quoted = grouping_commands.quoted(text)
    parser = _Parser(environments, default, now, timezone, quoted)
    found = parser.parse(tidied.split())
    # Grouping changes are previewed and need a click anyway, so no confirmation here.
    if isinstance(found, Suggestion | SameAs | SplitBy) or _same(text, tidied):
        return found
    return Suggestion(
        f'I read "{did_you_mean.quoted(text)}" as /gardener {found.typed}.', found.typed
    )


def _same(text: str, tidied: str) -> bool:
    """True if tidying left the meaning alone: quotes and commas within a window are usual."""
    first, _, window = " ".join(text.split()).partition(" ")
    window = re.sub(r",(?= |$)", "", clocks.QUOTES.sub("", window))
    said = f"{first} {window}".strip()
    return said.casefold() == tidied.casefold()


class _Parser:
    def __init__(
        self,
        environments: Sequence[Environment],
        default: str | None,
        now: int,
        timezone: str | None,
        quoted: str | None = None,
    ) -> None:
        self._known = {e.name.casefold(): e for e in environments}
        self._quoted = quoted
        self._default = default
        self._now = now
        self._timezone = timezone

    def parse(self, words: Sequence[str], depth: int = 0) -> Command | Suggestion:
        if not words:
            return self._bare()
        first, rest = words[0].casefold(), words[1:]
        if first == "help":
            return Help()
        if first == "digest":
            return self._digest(rest)
        if first in {"expected", "rules"}:
            return self._listed(first, rest)
        if first in {"same", "split"}:
            return self._taught(first, rest)
        if first == "why":
            return self._why(rest)
        if first == "diff":
            return self._diff(rest)
        if first == "watch":
            return self._watch(rest)
        if first in self._known:
            return self._analyze(self._known[first], rest)
        return self._unknown(words, depth)

    # --- the forms -------------------------------------------------------------------------------

    def _bare(self) -> Command | Suggestion:
        if self._default is None:
            return Suggestion(f"Which environment? {self._names()}", self._first("1d"))
        return self._analyze(self._known[self._default.casefold()], ())

    def _analyze(self, environment: Environment, rest: Sequence[str]) -> Command | Suggestion:
        window: list[str] = []
        services: list[str] = []
        severity: Severity | None = None
        for word in rest:
            option = re.fullmatch(r"-*([A-Za-z_-]+)[=:](.*)", word)
            if option is None:
                window.append(word)
                continue
            name, value = option[1].casefold(), option[2]
            if name not in OPTIONS or not value or word.startswith("-"):
                return self._option(environment, rest, word, name, value)
            if name == "service":
                services += [s for s in value.split(",") if s]
                continue
            severity = did_you_mean.severity(value)
            if severity is None:
                return self._no_severity(environment, rest, word, value)
        try:
            span = self._window(window, environment)
        except UsageError as error:
            return self._no_window(environment, rest, window, str(error))
        if bad := next((s for s in services if not re.fullmatch(r"[A-Za-z0-9][\w./-]*", s)), None):
            kept = " ".join(w for w in rest if not w.casefold().startswith("service="))
            sentence = f'"{did_you_mean.quoted(bad)}" is no name of a service, job or workload.'
            return Suggestion(sentence, f"{environment.name} {kept}".strip())
        return Analyze(environment.name, span, tuple(dict.fromkeys(services)), severity)

    def _window(self, words: Sequence[str], environment: Environment) -> time_windows.Span:
        zone = self._timezone or environment.timezone
        return time_windows.parse_window(words, now=self._now, timezone=zone)

    def _digest(self, rest: Sequence[str]) -> Command | Suggestion:
        if not rest:
            name = self._default or self._any()
            return Suggestion("When, or now?", f"digest now {name}" if name else "help")
        word, more = rest[0].casefold(), rest[1:]
        if word in {"off", "now"}:
            return self._off_or_now(word, more)
        if word not in self._known:
            if time_windows.is_clock(word) and self._default:
                return self._again(["digest", self._default, *rest], "Name the environment first.")
            return self._slip("digest", rest, ["off", "now", *self._known])
        return self._digest_on(self._known[word], more)

    def _digest_on(self, environment: Environment, more: Sequence[str]) -> Command | Suggestion:
        days = next((Days(w.casefold()) for w in more[:2] if w.casefold() in set(Days)), None)
        if days is not None:
            more = [w for w in more if w.casefold() != days]
        wanted = f"{environment.name} {Days.WEEKDAYS.value}"
        wanted = wanted if days is Days.WEEKDAYS else environment.name
        if days is None and more and (meant := did_you_mean.nearest(more[0], list(Days))):
            return self._again(
                ["digest", environment.name, meant, *more[1:]],
                f'I do not understand "{did_you_mean.quoted(more[0])}".',
            )
        if more and more[0].casefold() in {"off", "now"}:
            text = more[0].casefold()
            return Suggestion(f'Say "{text}" first.', f"digest {text} {environment.name}")
        if not more:
            return Suggestion("When?", f"digest {wanted} {MORNING} {environment.timezone}")
        try:
            at = time_windows.parse_clock(more[0])
        except UsageError as error:
            zone = did_you_mean.zone_near(more[1:], environment)
            return Suggestion(str(error), f"digest {wanted} {MORNING} {zone}")
        try:
            zone = time_windows.parse_zone(" ".join(more[1:])) if more[1:] else environment.timezone
        except UsageError as error:
            zone = did_you_mean.zone_near(more[1:], environment)
            return Suggestion(str(error), f"digest {wanted} {at} {zone}")
        return DigestOn(environment.name, at, zone, days or Days.DAILY)

    def _off_or_now(self, word: str, more: Sequence[str]) -> Command | Suggestion:
        if not more:
            if word == "off":
                return DigestOff(None)
            if self._default is None:
                return self._of_which("digest now")
            return DigestNow(self._default)
        environment = self._known.get(more[0].casefold())
        if environment is None or len(more) > 1:
            return self._slip(f"digest {word}", more[:1], list(self._known))
        return DigestOff(environment.name) if word == "off" else DigestNow(environment.name)

    def _listed(self, which: str, rest: Sequence[str]) -> Command | Suggestion:
        listed = ExpectedList if which == "expected" else RuleList
        if not rest:
            if self._default is None:
                return self._of_which(which)
            return listed(self._default)
        environment = self._known.get(rest[0].casefold())
        if environment is None or len(rest) > 1:
            return self._slip(which, rest[:1], list(self._known))
        return listed(environment.name)

    def _taught(self, which: str, rest: Sequence[str]) -> Command | Suggestion:
        found = (
            grouping_commands.read_same(rest, self._known)
            if which == "same"
            else grouping_commands.read_split(rest, self._quoted, self._known)
        )
        if isinstance(found, tuple):
            return Suggestion(*found)
        if found.environment is not None:
            found = replace(found, environment=self._known[found.environment.casefold()].name)
        return found

    def _why(self, rest: Sequence[str]) -> Command | Suggestion:
        names = [w for w in rest if re.fullmatch(r"(?i)c-?\d{1,9}|c-[\w-]{2,60}", w)]
        where = [self._known[w.casefold()] for w in rest if w.casefold() in self._known]
        if not names and rest and re.fullmatch(r"\d{1,9}", rest[0]):
            return Suggestion(f'"{rest[0]}" is no name of a card.', f"why C{rest[0]}")
        if not names:
            return Suggestion("Why which card? Its name stands on it, such as C3.", "why C1")
        name = names[0]
        if short := re.fullmatch(r"(?i)c-?(\d{1,9})", name):
            name = f"C{short[1]}"
        if len(rest) > len(names[:1]) + len(where[:1]):
            return Suggestion("That is more than I understand.", f"why {name}")
        return Why(name, where[0].name if where else None)

    def _diff(self, rest: Sequence[str]) -> Command | Suggestion:
        names = {word: environment.name for word, environment in self._known.items()}
        found = diff_command.read_diff(rest, names, self._default)
        return Suggestion(*found) if isinstance(found, tuple) else found

    def _watch(self, rest: Sequence[str]) -> Command | Suggestion:
        names = {word: environment.name for word, environment in self._known.items()}
        found = watch_commands.read_watch(rest, names, self._default)
        if found is None:
            return self._of_which("watch")
        return Suggestion(*found) if isinstance(found, tuple) else found

    # --- near misses -----------------------------------------------------------------------------

    def _unknown(self, words: Sequence[str], depth: int) -> Suggestion:
        """Handles a first word that is neither an environment nor a keyword."""
        if time_windows.is_window(words[:1]) or "=" in words[0]:
            return self._no_environment(words, depth)
        if re.fullmatch(r"(?i)c-?\d{1,9}", words[0]):
            return Suggestion("Ask why, or look at its card.", f"why C{words[0].lstrip('cC-')}")
        if words[0].casefold() in {"off", "now"}:
            return self._again(["digest", *words], f"{words[0].capitalize()} what?")
        sentence = f'I know no "{did_you_mean.quoted(words[0])}".'
        meant = did_you_mean.nearest(words[0], [*self._known, *KEYWORDS])
        if meant is None or depth > 2:
            # `2d` and options may stand anywhere: a known name further on is the environment.
            later = next((w for w in words[1:] if w.casefold() in self._known), None)
            if later is not None and depth <= 2:
                kept = [later, *(w for w in words[1:] if w != later)]
                return self._again(kept, sentence, depth)
            if depth <= 2 and (name := self._default or self._only()):
                rest = [w for w in words[1:] if time_windows.is_window([w]) or "=" in w]
                return self._again([name, *rest], f"{sentence} {self._names()}", depth)
            return Suggestion(f"{sentence} {self._names()}", "help")
        name = self._known[meant].name if meant in self._known else meant
        command = self._command([name, *words[1:]], depth)
        asked = f" Did you mean /gardener {command}?" if command else ""
        return Suggestion(f"{sentence}{asked} {self._names()}", command)

    def _no_environment(self, words: Sequence[str], depth: int) -> Suggestion:
        for i, word in enumerate(words):
            if word.casefold() in self._known:
                kept = [word, *words[:i], *words[i + 1 :]]
                return self._again(kept, "The environment comes first.", depth)
        for i, word in enumerate(words):
            meant = (
                None
                if time_windows.is_window([word]) or "=" in word
                else did_you_mean.nearest(word, self._known)
            )
            if meant:
                kept = [self._known[meant].name, *words[:i], *words[i + 1 :]]
                return self._again(kept, f'I know no "{did_you_mean.quoted(word)}".', depth)
        name = self._default or self._any()
        if name is None:
            return Suggestion(f"Which environment? {self._names()}", "help")
        sentence = f"Which environment? {self._names()}"
        return self._again([name, *words], sentence, depth)

    def _again(self, better: Sequence[str], sentence: str, depth: int = 0) -> Suggestion:
        return Suggestion(sentence, self._command(better, depth) or "help")

    def _command(self, words: Sequence[str], depth: int) -> str | None:
        """Returns the nearest valid command as text; None if there is none."""
        if depth > 3:
            return None
        found = self.parse(words, depth + 1)
        return found.command if isinstance(found, Suggestion) else found.typed

    def _slip(self, before: str, rest: Sequence[str], known: Sequence[str]) -> Suggestion:
        meant = did_you_mean.nearest(rest[0], known) if rest else None
        name = self._known[meant].name if meant in self._known else meant
        if name is None:
            fallback = self._default or self._any()
            name = "off" if before == "digest" and fallback is None else fallback
        if name is None:
            return Suggestion(f"I do not understand that. {self._names()}", "help")
        pieces = [*before.split(), name, *rest[1:]]
        sentence = (
            f'I know no "{did_you_mean.quoted(rest[0])}".'
            if rest and meant != rest[0]
            else "Too much."
        )
        return Suggestion(
            f"{sentence} {self._names()}", self._command(pieces, 2) or " ".join(pieces)
        )

    def _option(
        self, environment: Environment, rest: Sequence[str], word: str, name: str, value: str
    ) -> Suggestion:
        meant = did_you_mean.nearest(name, OPTIONS)
        kept = [w for w in rest if w != word]
        if meant and value:
            kept.append(f"{meant}={value}")
        what = did_you_mean.quoted(word)
        sentence = f'"{what}" is not what I understand. Options: service=NAME, severity=ERROR.'
        return Suggestion(sentence, self._command([environment.name, *kept], 2))

    def _no_severity(
        self, environment: Environment, rest: Sequence[str], word: str, value: str
    ) -> Suggestion:
        names = [severity.name for severity in Severity]
        short = {"warn": "WARNING", "err": "ERROR", "crit": "CRITICAL", "fatal": "CRITICAL"}
        meant = short.get(value.casefold()) or did_you_mean.nearest(value, names) or "ERROR"
        kept = [f"severity={meant.upper()}" if w == word else w for w in rest]
        sentence = f'"{did_you_mean.quoted(value)}" is no severity. Known: {", ".join(names)}.'
        return Suggestion(sentence, self._command([environment.name, *kept], 2))

    def _no_window(
        self, environment: Environment, rest: Sequence[str], window: Sequence[str], words: str
    ) -> Suggestion:
        options = [w for w in rest if w not in window]
        for fixed in did_you_mean.windows_near(window):
            try:
                span = self._window(fixed, environment)
            except UsageError:
                continue
            sentence = words
            if time_windows.is_window(window[:1]) and list(fixed) == list(window[: len(fixed)]):
                beyond = " ".join(window[len(fixed) :])
                sentence = f'I do not understand "{did_you_mean.quoted(beyond)}".'
            kept = [environment.name, span.typed, *options]
            return Suggestion(sentence, self._command(kept, 2))
        return Suggestion(words, self._command([environment.name, "1d", *options], 2))

    # --- names -----------------------------------------------------------------------------------

    def _names(self) -> str:
        return did_you_mean.known([e.name for e in self._known.values()])

    def _any(self) -> str | None:
        return next((e.name for e in self._known.values()), None)

    def _only(self) -> str | None:
        return self._any() if len(self._known) == 1 else None

    def _first(self, window: str) -> str:
        name = self._any()
        return f"{name} {window}" if name else "help"

    def _of_which(self, before: str) -> Suggestion:
        name = self._any()
        command = f"{before} {name}" if name else "help"
        return Suggestion(f"Of which environment? {self._names()}", command)
