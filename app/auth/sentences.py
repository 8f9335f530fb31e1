"""The sentences for people, in the language that the host's ``translate`` chooses for a request."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from string import Formatter

from .errors import RatchetError
from .log import log_safely

Translate = Callable[[str, str], str]
"""Translates a sentence: from its code and the English sentence to the one for the current request."""

LANGUAGE = "language"
"""The code for which ``translate`` says the language of its sentences, as a BCP 47 tag."""

PAGE = "page"
"""The code of the sentences of the package's pages that belong to no error."""


def untranslated(_code: str, sentence: str) -> str:
    """The English sentence: what ``translate`` is by default."""
    return sentence


class Sentences:
    """What the package says to people, translated where the host does that."""

    def __init__(self, translate: Translate = untranslated) -> None:
        self._translate = translate
        self.is_translated = translate is not untranslated

    def tell(self, code: str, sentence: str, **values: object) -> str:
        """The translated sentence, with the values in the place of its ``{…}``.

        If the host's function fails, or gives nothing or a sentence with another ``{…}``, it stays English.
        """
        try:
            told = str(self._translate(code, sentence) or sentence)
            return _filled(_fitting(told, sentence), values)
        except Exception as error:  # noqa: BLE001  # a host's function can raise anything
            log_safely(logging.ERROR, "translate failed for %r", sentence, exception=error)
            return _filled(sentence, values)

    def describe(self, problem: RatchetError) -> str:
        """What an error says to a person."""
        return self.tell(problem.code, problem.sentence, **problem.values)

    def on_page(self, sentence: str) -> str:
        """A sentence of a page."""
        return self.tell(PAGE, sentence)

    @property
    def language(self) -> str:
        """The language of the sentences in this request."""
        return self.tell(LANGUAGE, "en")


def _fitting(told: str, sentence: str) -> str:
    """The translation, if each name in its ``{…}`` is one of the sentence, else ValueError.

    An attribute of a value, ``{name.attribute}``, is another name.
    """
    if told != sentence and (foreign := _names(told) - _names(sentence)):
        raise ValueError(f"the sentence has no {foreign}")
    return told


def _names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name is not None}


def _filled(sentence: str, values: Mapping[str, object]) -> str:
    return sentence.format_map(values) if values else sentence
