"""Which signs stand in a text, told by its words: words come again where texts do not.

To look for eighty signs takes longer than all the rest of understanding a message, and most hold
none. So it is remembered of each word what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

_REMEMBERED, _WORD, _TEXT = 32_768, 64, 1_024
"""Words, and the characters of a word that is remembered and of a text that is taken apart."""


class Signs:
    """A number for each text, with one bit for each sign in it. No sign holds a blank."""

    def __init__(self, exact: Iterable[str], folded: Iterable[str], *odd: Callable[[str], bool]):
        """Signs as they are, signs in any case (in lower case here), and tests of a word: these
        have the lowest bits, in their order."""
        names = [*((sign, False) for sign in exact), *((sign, True) for sign in folded)]
        self._signs = [(sign, folds, 1 << at) for at, (sign, folds) in enumerate(names, len(odd))]
        self._odd = odd
        self._known: dict[str, int] = {}

    def bit(self, sign: str, folds: bool = False) -> int:
        """The bit of a sign."""
        return next(bit for known, kind, bit in self._signs if (known, kind) == (sign, folds))

    def of(self, words: Sequence[str]) -> int:
        """Which signs are in a text of these words."""
        found = 0
        try:
            for bits in map(self._known.__getitem__, words):
                found |= bits
        except KeyError:
            return self._learnt(words)
        return found

    def _learnt(self, words: Sequence[str]) -> int:
        """The same; the words are known from now on."""
        text, found = " ".join(words), 0
        lower = text.lower()
        present = [of for of in self._signs if of[0] in (lower if of[1] else text)]
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        for word in words:
            bits, lower = sum(test(word) << at for at, test in enumerate(self._odd)), word.lower()
            for sign, folds, bit in present:
                if sign in (lower if folds else word):
                    bits |= bit
            if len(word) <= _WORD and len(text) <= _TEXT:
                self._known[word] = bits
            found |= bits
        return found
