"""The words that users read: what no native speaker would write does not come back, and what the README names exists.

`docs/terms.md` says which words to use. The rule reads the templates of translations (all labels, help texts and messages),
the README and the pages of `docs/`, and the reasons that the code gives for `sudo()`.
"""

import re

#: (what is found, what to write instead); the flags are those of `re`.
WORDS = [
    (
        r"points? (can |could |will |may |cannot |never )?(also )?(pays?|buys?)\b|points that pay",
        "redeem points, eligible products, amount covered by points",
    ),
    (r"keeps? no points ledger", "is not tracked in the points ledger"),
    (r"neither earns? nor pays?", "can neither earn nor redeem points"),
    (r"sends? (its|their) points|points go elsewhere|points to\b(?=$)", "is linked to another card, Linked Card"),
    (r"takes? (no )?part\b", "participates, does not participate"),
    (r"at present\b", "now, at the moment"),
    (r"work(s|ed|ing)? out\b", "calculate"),
    (r"mend(s|ed|ing)?\b", "fix"),
    (r"afresh", "again"),
    (r"meanwhile", "in the meantime, or leave it out"),
    (r"elsewhere", "say where"),
    (r"whoever", "who exactly: users, cashiers, anybody who ..."),
    (r"any ?more\b", "no longer"),
    (r"damaged|everything fits|(do|does) not fit\b", "Integrity Check Failed, No Discrepancies, does not match"),
    (r"cut down", "reduced"),
    (r"(limit of one|than one) person", "exceeds the single-approver limit"),
    (r"(owe|waive) them", "keep as debt, waive"),
    (r"most points|there afterwards|balance then", "Maximum Points, Balance After"),
    (r"nobody earns", "missed points"),
    (r"upstream(?!`)", "Odoo"),
]
#: Only in what users read on the screen: documents may speak of tills.
LABELS = [(r"tills?\b", "Point of Sale, register")]


def problems(root, add_ons):
    """Return the words that should not be there, as lines of text."""
    found = []
    for add_on in add_ons:
        for path in sorted((root / add_on / "i18n").glob("*.pot")):
            for number, text in _messages(path):
                found += _check(path.relative_to(root), number, text, WORDS + LABELS)
        for path in sorted((root / add_on).rglob("*.py")):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if re.search(r"sudo\(.*#\s*whoever", line, re.I):
                    found.append(f"{path.relative_to(root)}:{number}: say which right is missing and what was checked")
    for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            found += _check(path.relative_to(root), number, re.sub(r"`[^`]*`", "", line), WORDS)
    return found + list(_missing(root))


def _missing(root):
    """Files that the README names as proof, and that are not there."""
    text = (root / "README.md").read_text()
    for name in sorted(set(re.findall(r"`([\w/*]+\.py)`", text))):
        if not any(root.glob(name if "/" in name else f"*/tests/{name}")):
            yield f"README.md: there is no {name}"


def _check(path, number, text, words):
    return [
        f"{path}:{number}: “{match[0]}” in “{_around(text, match)}”; write: {advice}"
        for pattern, advice in words
        for match in re.finditer(rf"\b(?:{pattern})", text, re.I)
    ]


def _around(text, match):
    return text[max(0, match.start() - 40) : match.end() + 40].strip()


def _messages(path):
    """Yield ``(line, text)`` of the messages of a template of translations."""
    number, parts, reading = 0, [], False
    for position, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("msgid "):
            number, parts, reading = position, [], True
            line = line.removeprefix("msgid ")
        if reading and line.startswith('"'):
            parts.append(line[1:-1].replace("\\n", " ").replace('\\"', '"'))
        elif reading:
            reading = False
            yield number, re.sub(r"%\(\w+\)s", "", "".join(parts))
