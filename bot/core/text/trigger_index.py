"""Finds which rule triggers occur in a text; caches the answer per word.

A trigger is a substring without which a rule cannot match. Searching a text for all eighty takes
longer than the rest of understanding it, and most texts contain none. Words repeat where texts do
not, so the triggers of each word are cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

CACHE_SIZE, LONGEST_WORD, MANY_WORDS = 32_768, 64, 64
"""Words in the cache; characters of the longest cached word; words of a text above which it is
searched as a whole instead of word by word."""


class TriggerIndex:
    """Maps a text to an integer with one bit per trigger in it. No trigger contains a blank."""

    def __init__(self, exact: Iterable[str], folded: Iterable[str], *tests: Callable[[str], bool]):
        """`exact`: case-sensitive triggers. `folded`: case-insensitive ones, in lower case.

        `tests`: predicates, which get the lowest bits in their order. A predicate may hold for
        a text only if it holds for one of its words, since only words are tested.
        """
        names = [*((trigger, False) for trigger in exact), *((trigger, True) for trigger in folded)]
        self._bits = {name: 1 << at for at, name in enumerate(names, len(tests))}
        self._letters = {name: bit for name, bit in self._bits.items() if name[0].isalnum()}
        self._tests = tests
        self._known: dict[str, int] = {}

    def bit(self, trigger: str, ignores_case: bool = False) -> int:
        """Returns the bit of a trigger."""
        return self._bits[trigger, ignores_case]

    def of(self, words: Sequence[str]) -> int:
        """Returns the bits of all triggers in a text of these words."""
        found = 0
        try:
            for bits in map(self._known.__getitem__, words):
                found |= bits
        except KeyError:
            return self._scan_words(words)
        return found

    def _scan_words(self, words: Sequence[str]) -> int:
        if len(words) > MANY_WORDS:
            return self._scan(" ".join(words))
        found, known = 0, self._known
        for word in words:
            bits = known.get(word)
            if bits is None:
                bits = self._scan(word)
                if len(word) <= LONGEST_WORD:
                    if len(known) >= CACHE_SIZE:
                        known.clear()
                    known[word] = bits
            found |= bits
        return found

    def _scan(self, text: str) -> int:
        lower, found = text.lower(), 0
        for at, test in enumerate(self._tests):
            found |= test(text) << at
        # A word of letters and digits contains no trigger that begins with another character.
        bits = self._letters if text.isalnum() else self._bits
        for (trigger, ignores_case), bit in bits.items():
            if trigger in (lower if ignores_case else text):
                found |= bit
        return found
