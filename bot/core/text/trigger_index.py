"""Which signs stand in a text, told by its words: words come again where texts do not.

To look for eighty signs takes longer than all the rest of understanding a message, and most hold
none. So it is remembered of each word what stands in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

WORDS, WORD, MANY = 32_768, 64, 64
"""Words that are remembered, and the characters of the longest of them; more words than that in
one text are not looked at one by one."""


class Signs:
    """A number for each text, with one bit for each sign in it. No sign holds a blank."""

    def __init__(self, exact: Iterable[str], folded: Iterable[str], *odd: Callable[[str], bool]):
        """Signs as they are, signs in any case (in lower case here), and tests of a text: these
        have the lowest bits, in their order. A test that holds for none of its words holds for no
        text."""
        names = [*((sign, False) for sign in exact), *((sign, True) for sign in folded)]
        self._bits = {name: 1 << at for at, name in enumerate(names, len(odd))}
        self._letters = {name: bit for name, bit in self._bits.items() if name[0].isalnum()}
        self._odd = odd
        self._known: dict[str, int] = {}

    def bit(self, sign: str, folds: bool = False) -> int:
        """The bit of a sign."""
        return self._bits[sign, folds]

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
        if len(words) > MANY:
            return self._within(" ".join(words))
        found, known = 0, self._known
        for word in words:
            bits = known.get(word)
            if bits is None:
                bits = self._within(word)
                if len(word) <= WORD:
                    if len(known) >= WORDS:
                        known.clear()
                    known[word] = bits
            found |= bits
        return found

    def _within(self, text: str) -> int:
        lower, found = text.lower(), 0
        for at, test in enumerate(self._odd):
            found |= test(text) << at
        # What is letters and digits alone holds no other sign.
        bits = self._letters if text.isalnum() else self._bits
        for (sign, folds), bit in bits.items():
            if sign in (lower if folds else text):
                found |= bit
        return found
