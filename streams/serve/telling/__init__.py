"""Telling in the reader's language: reasons, words of pages, numbers and times."""

from streams.serve.telling.catalogues import DEFAULT, LANGUAGES, Language, words
from streams.serve.telling.language import COOKIE, language_of
from streams.serve.telling.telling import Telling, tell

__all__ = [
    "COOKIE",
    "DEFAULT",
    "LANGUAGES",
    "Language",
    "Telling",
    "language_of",
    "tell",
    "words",
]
