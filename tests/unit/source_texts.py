"""What the source says: string literals of C with their place, tables of macros and of commands."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCE = ROOT / "src"

TOKEN = re.compile(r"""
    /\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*'
    | [A-Za-z_]\w* | [ \t]*\#[ \t]*include[^\n]* | \\\n | .""", re.S | re.X)
# A macro between two literals that is one itself: of a number's format it isn't told apart.
BETWEEN = re.compile(r"[A-Z][A-Z0-9_]*|PRI\w+")
CONVERSION = re.compile(r"%(?:[-+ #0]*\d*(?:\.\d+)?(?:hh|h|ll|l|z|j)?[diouxXcsfgpm]|%)")
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
# A text for people: at least two words
WORDS = re.compile(r"[A-Za-z'-]{2,}[,.:;)]? +[a-z0-9(%]")


class Text:
    """A literal, adjacent ones joined: its `parts` are what stands between the conversions."""

    def __init__(self, path, line, call, text):
        self.path, self.line, self.call = path, line, call
        self.text = re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), text)
        self.parts = [part for part in CONVERSION.split(self.text) if part.strip()]
        self.pattern = re.compile(".*?".join(
            re.escape(part) for part in CONVERSION.split(self.text.strip())))

    def __str__(self):
        return f"{self.path}:{self.line}: {self.call}: {self.text}"


def tokens(source):
    line = 1
    for match in TOKEN.finditer(source):
        token = match[0]
        if not (token.isspace() or token.startswith(("/*", "//", "\\\n"))
                or "include" in token[:12] and "#" in token):
            yield token, line
        line += token.count("\n")


def literals(path):
    """All of a file, each with the name of the function or macro that it is given to."""
    calls, before, text, begin, letters = [], "", None, 0, 0
    for token, line in [*tokens(path.read_text()), ("", 0)]:
        if token.startswith('"'):
            text, begin = ("", line) if text is None else (text, begin)
            text += token[1 + letters:-1]
            letters = 0
            continue
        if text is not None and BETWEEN.fullmatch(token):
            # The rest of a conversion: PRIu64; G_GINT64_MODIFIER leaves the last letter.
            text = re.sub(r"%[0-9]*$", "", text) + "%s"
            letters = 1 if token.endswith("_MODIFIER") else 0
            continue
        if text is not None:
            yield Text(path.relative_to(ROOT), begin, calls[-1] if calls else before, text)
            text = None
        if token == "(":
            calls.append(before)
        elif token == ")" and calls:
            calls.pop()
        elif token in "{};":
            calls = []
        before = token


def texts():
    for path in sorted(SOURCE.rglob("*.[ch]")):
        for text in literals(path):
            yield text


def macro(path, name):
    """The lines of a table like MAIL_SEAL_SETTINGS: lists of arguments."""
    body = re.search(rf"#define {name}\(\w+\)((?:[^\n]*\\\n)*[^\n]*)",
                     (SOURCE / path).read_text())[1].replace("\\\n", "")
    for line in re.findall(r"[A-Z]+\(([^()]*)\)", body):
        yield [value.strip().strip('"') for value in line.split(",")]


def commands():
    """Each command's name, with its long options."""
    for path in sorted((SOURCE / "doveadm").rglob("*.c")):
        for name, table in re.findall(
                r'struct doveadm_cmd_ver2 \w+ = \{\s*\.name = "([^"]+)",(.*?)\n\};',
                path.read_text(), re.S):
            yield name, [option for option, rest in re.findall(
                r"DOVEADM_CMD_PARAM\('[^']*', \"([^\"]+)\",([^\n]*)", table)
                if "POSITIONAL" not in rest and "DO_NOT_EXPOSE" not in rest]
