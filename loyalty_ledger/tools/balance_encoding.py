"""Which letters the bytes of a text file mean: found out where only one reading makes words, else asked.

Files of older programs do not say in which code page they were written. A byte such as ``E9`` is an é in one, a й in another and half of a
sign in a third. Every code page that could have been used is tried, and those are left whose words are
possible: no sign within a word, no capital behind a small letter, no two alphabets in one word::

    read = decode_unknown("Карта;Баллы".encode("cp1251"))
    read.encoding, read.rivals                        # ("cp1251", ()): nothing else makes words
    decode_unknown("Lefèvre".encode("cp1252")).rivals # ("cp1250",): Lefčvre could be a name too
    decode_unknown("Núñez".encode("cp1252")).rivals   # (): no language has both ú and ń
"""

import re
import unicodedata
from collections import namedtuple

#: Code pages in the order in which they are proposed: name, alphabet.
CODE_PAGES = {
    "cp1252": "LATIN",
    "cp1250": "LATIN",
    "cp1251": "CYRILLIC",
    "cp1253": "GREEK",
    "cp1254": "LATIN",
    "cp1257": "LATIN",
    "cp1255": "HEBREW",
    "cp1256": "ARABIC",
    "mac_roman": "LATIN",
    "cp850": "LATIN",
    "cp852": "LATIN",
    "cp866": "CYRILLIC",
    "koi8_r": "CYRILLIC",
    "cp932": "CJK",
    "gb18030": "CJK",
    "big5": "CJK",
    "cp949": "CJK",
}
#: Code page by language or country; English is written in all of them.
HOME = {
    "cp1252": "de fr es it nl pt sv da nb nn fi is ca eu gl DE AT CH FR BE LU ES IT NL PT BR SE DK NO FI IS MX AR CO CL PE",
    "cp1250": "pl cs sk hu hr sl ro bs sq PL CZ SK HU HR SI RO BA AL",
    "cp1251": "ru uk bg be mk kk RU UA BG BY MK KZ",
    "cp1253": "el GR CY",
    "cp1254": "tr az TR AZ",
    "cp1255": "he IL",
    "cp1256": "ar fa ur AE SA EG IQ IR JO KW LB QA SY PK",
    "cp1257": "lt lv et LT LV EE",
    "cp932": "ja JP",
    "gb18030": "zh CN SG",
    "big5": "TW HK MO",
    "cp949": "ko KR",
}
_HOMES = {place: encoding for encoding, places in HOME.items() for place in places.split()}
#: Letters beyond ASCII of the languages of code pages that read Western names as other letters.
LETTERS = {
    "cp1250": ("ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "čćđšž", "âăîşţ", "çë", "äöüß"),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äõöüšž", "ąćęłńóśźż", "äöüß"),
}
#: Letters that Polish, the one language that has them, never writes before a vowel.
_NO_POLISH = re.compile("[ńśź][aeiouyąęó]")
#: Lead bytes of the common signs of a code page with two bytes each.
_COMMON = {"cp932": (0x81, 0x97), "gb18030": (0xA1, 0xD7), "big5": (0xA1, 0xC6), "cp949": (0xA1, 0xC8)}
#: Signs that stand before, behind and within words.
_BEFORE, _BEHIND, _WITHIN = "“”„‚«»‹›‘’¿¡°№§€£¥", "“”»«›‹’‘…™®©€£¥ºª°²³–—", "’‘·\xad"
#: Bytes that are looked at to find the code page; the rest of a file is written like them.
SAMPLE = 200_000

#: A text, its code page (None for Unicode), and others by which it makes words too.
Decoded = namedtuple("Decoded", "text encoding rivals")


def home_encoding(*places):
    """Return the usual code page of the first language (``pl_PL``) or country (``PL``) that has one, or None."""
    for place in places:
        for part in (place or "", (place or "").partition("_")[0]):
            if part in _HOMES:
                return _HOMES[part]
    return None


def decode_unknown(content, home=None, known=None):
    """Return the :class:`Decoded` text of bytes that are not Unicode.

    :param content: bytes
    :param home: code page to propose where several make words, see :func:`home_encoding`
    :param known: function that says how much of a text is known (number of names of columns); more decides
    """
    sample, readings = _sample(content), {}
    for encoding in CODE_PAGES:
        try:
            readings[encoding] = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
    fits = [encoding for encoding, text in readings.items() if makes_words(text, encoding)] or list(readings)
    if "cp1252" in fits:
        # Letters of DOS and old Macs are signs there: what makes words is hardly theirs.
        fits = [encoding for encoding in fits if encoding not in ("mac_roman", "cp850", "cp852")]
        # Where Western European makes words, others must make words of one of their languages.
        fits = [encoding for encoding in fits if encoding == home or _is_language(readings[encoding], encoding)]
    scores = {encoding: known(readings[encoding]) if known else 0 for encoding in fits}
    # What names more columns is right; code pages that read all letters alike are one reading.
    fits = [encoding for encoding in fits if scores[encoding] == max(scores.values())]
    fits.sort(key=lambda encoding: encoding != home)
    first = {}
    for encoding in fits:
        first.setdefault(readings[encoding], encoding)
    different = list(first.values())
    for position, encoding in enumerate(different):
        try:
            return Decoded(content.decode(encoding), encoding, tuple(different[position + 1 :]))
        except UnicodeDecodeError:
            continue
    return Decoded(content.decode("latin-1"), "latin-1", ())


def _sample(content):
    """Return the first lines of a text, and the first ones with letters beyond ASCII."""
    lines = content.splitlines()
    chosen, size = lines[:40], 0
    for line in lines[40:]:
        if not line.isascii():
            chosen.append(line)
            size += len(line)
            if size > SAMPLE:
                break
    return b"\n".join(chosen)


def samples(content, encodings, count=2):
    """Return ``{encoding: texts}``: the same first cells of a file whose letters the code pages read differently."""
    cells = [cell for cell in dict.fromkeys(re.split(rb'[;,\t|"\r\n]+', content[:200_000])) if not cell.isascii()]
    read = [tuple(cell.decode(encoding, errors="replace").strip()[:40] for encoding in encodings) for cell in cells]
    different = [texts for texts in read if len(set(texts)) == len(encodings)] or [
        texts for texts in read if len(set(texts)) > 1
    ]
    return {encoding: [texts[position] for texts in different[:count]] for position, encoding in enumerate(encodings)}


def makes_words(text, encoding):
    """Return whether (nearly) all words of a text with letters beyond ASCII can be words in the alphabet of a code page."""
    words = list(dict.fromkeys(_words(text)))
    wrong = sum(not _is_word(word, CODE_PAGES[encoding]) for word in words)
    if wrong * 20 > len(words):
        return False
    return encoding not in _COMMON or _is_common("".join(words), encoding)


def _words(text):
    """Yield runs of letters and of signs beyond ASCII that have at least one of the latter."""
    for match in re.finditer(r"[A-Za-z\u0080-\U0010ffff]+", text):
        for word in re.split(r"[\s\xa0\u202f\u3000]+", match[0]):
            if not word.isascii():
                yield word


def _is_word(word, alphabet):
    if any("\x80" <= char <= "\x9f" or "\ue000" <= char <= "\uf8ff" or char == "\ufffd" for char in word):
        return False
    if alphabet == "CJK":
        return not re.search(r"[A-Za-z]", word)
    core = word.lstrip(_BEFORE).rstrip(_BEHIND)
    if not core:
        return True
    if not all(char.isalpha() or char in _WITHIN or unicodedata.combining(char) for char in core):
        return False
    if not core[0].isalpha():
        return False
    if any(one.islower() and two.isupper() and not (one + two).isascii() for one, two in zip(core, core[1:])):
        return False
    if _has_capital_within(core):
        return False
    letters = [char for char in core if char.isalpha()]
    foreign = [char for char in letters if not char.isascii()]
    if any(char not in "ªº" and not unicodedata.name(char, "").startswith(alphabet) for char in foreign):
        return False
    if alphabet == "LATIN":  # most letters of a Latin word are in ASCII
        return not re.search(r"[^\x00-\x7f]{4}", core) and not (len(foreign) == len(letters) > 2)
    if len(foreign) < len(letters):  # two alphabets in one word
        return False
    if alphabet == "GREEK":
        return not re.search(r"ς\w", core) and sum(char in "άέήίόύώΐΰΆΈΉΊΌΎΏ" for char in core) < 2
    return alphabet != "HEBREW" or not re.search(r"[ךםןףץ]\w", core)


def _is_language(text, encoding):
    """Return whether (nearly) each word has letters of one language of the code page: ú and ń are in none together."""
    if encoding not in LETTERS:
        return True
    words = {word.lower() for word in _words(text)}
    wrong = 0
    for word in words:
        letters = {char for char in word if char.isalpha() and not char.isascii()}
        wrong += not any(letters <= set(known) for known in LETTERS[encoding]) or bool(_NO_POLISH.search(word))
    return wrong * 20 <= len(words)


def _has_capital_within(word):
    """Return whether a capital beyond ASCII stands between a letter and a small one: MŸller."""
    return any(
        two.isupper() and not two.isascii() and one.isalpha() and three.islower()
        for one, two, three in zip(word, word[1:], word[2:])
    )


def _is_common(text, encoding):
    """Return whether most signs of a text are among those that are used every day."""
    first, last = _COMMON[encoding]
    signs = [char.encode(encoding) for char in text]
    # Japanese registers write names in half-width letters of one byte.
    common = sum(first <= sign[0] <= last or (len(sign) == 1 and encoding == "cp932") for sign in signs)
    return common * 10 >= len(signs) * 7
