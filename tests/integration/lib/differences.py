"""What may differ with mail_seal, and why: all that test_as_without_us.py allows.

A difference is a pattern: what it matches in an answer is taken out, on both
sides, and the rest must be equal. None is allowed for a user without a key.
An entry that no script comes across any more is a failure as well.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Difference:
    name: str
    reason: str
    pattern: str                     # of the answer; literals are {size}«content»
    where: str = "imap"              # the connection
    line: str = ""                   # a pattern of what was said; "": anything
    states: tuple = ("sealed",)

    def taken_out(self, answer):
        """What is left, and what was there."""
        found = []

        def take(match):
            found.append(match[0])
            return ""
        return re.sub(self.pattern, take, answer, flags=re.DOTALL), found


def _nested(depth):
    """A list in parentheses with lists in it."""
    pattern = r"\([^()]*\)"
    for _ in range(depth):
        pattern = rf"\((?:[^()]|{pattern})*\)"
    return pattern


LITERAL = "(?:NIL|\"[^\"]*\"|~?\\{\\d+\\}\xab[^\xbb]*\xbb)"
STRUCTURE = _nested(3)
OUR_FIELDS = r"(?:X-Mail-Seal|Content-[\w-]+|MIME-Version): [^\n]*\n(?:[ \t][^\n]*\n)*"

CONTENT = "The content is sealed; the key is needed to see it."
SIZE = "A sealed message is larger: two layers of base64 and the envelope."

ALLOWED = [
    Difference("URLFETCH", CONTENT, r"(?<=URLFETCH \$part ).*(?=\r\na\d+ OK)|"
               r"(?<=URLFETCH \$url ).*(?=\r\na\d+ OK)", line="URLFETCH"),
    Difference("body", CONTENT, rf"""(?x)
        \b(?:BODY\[(?!HEADER)[^]]*\] | BINARY\[[^]]*\] | RFC822 | RFC822\.TEXT)
        (?:<\d+>)?[ ]{LITERAL}"""),
    Difference("header", "The fields that describe the content are inside; X-Mail-Seal and those "
               "of the envelope are outside. All others stand where they stood.",
               rf"(?<=HEADER\] ){{\d+}}|(?<=RFC822\.HEADER ){{\d+}}|(?<=[\n\xab]){OUR_FIELDS}"),
    Difference("size", SIZE, r"RFC822\.SIZE \d+|BINARY\.SIZE\[[^]]*\] \d+"),
    Difference("structure", "PGP/MIME has its own (RFC 3156).",
               rf"\bBODY(?:STRUCTURE)? {STRUCTURE}"),
    Difference("preview", CONTENT, rf"(?:PREVIEW|SNIPPET \(FUZZY) {LITERAL}"),
    Difference("size of a mailbox", SIZE, r"\bSIZE \d+"),
    Difference("name of a file", "Maildir's has the sizes in it: S=, W=.", r"FILE,S=\d+,W=\d+"),
    Difference("search for words", "In the body the words can't be found.",
               r"\* (?:SEARCH|SORT|ESEARCH)[^\r]*", line=r"\b(?:BODY|TEXT)\b|\$$"),
    Difference("search for sizes", SIZE, r"\* (?:SEARCH|SORT)[^\r]*",
               line=r"\b(?:LARGER|SMALLER|SIZE)\b"),
    Difference("search for parts", "Parts are those of PGP/MIME.", r"\* SEARCH[^\r]*",
               line="MIMEPART"),
    Difference("quota", SIZE, r"STORAGE \d+"),

    Difference("POP3 size", SIZE, r"(?<=OK \d )\d+|\d+(?= octets)|(?<=\n\d )\d+", "pop3"),
    Difference("POP3 body", CONTENT, r"(?<=\r\n\r\n).*", "pop3", line="RETR|TOP . [1-9]"),
    Difference("POP3 header", "As in IMAP.", OUR_FIELDS, "pop3", line="TOP|RETR"),

    Difference("size in the log", SIZE, r"(?<=, size=)\d+", "doveadm"),
    Difference("doveadm fetch", CONTENT, r"(?<=\n\n).*|(?<=body:\n).*", "doveadm",
               line="fetch -u .USER (?:text|body)"),
    Difference("doveadm fetch header", "As in IMAP.", OUR_FIELDS, "doveadm",
               line="fetch -u .USER text"),
    Difference("doveadm fetch size", SIZE, r"(?<=size\.virtual: )\d+|(?<=size\.physical: )\d+",
               "doveadm"),
    Difference("doveadm fetch structure", "PGP/MIME has its own.", r"(?<=bodystructure: ).*",
               "doveadm"),
    Difference("doveadm search", "Words can't be found, and sizes are others.", "GUID [^\n]*\n",
               "doveadm", line="search .* (?:body|larger)"),
    Difference("doveadm vsize", SIZE, r"(?<=vsize=)\d+", "doveadm"),
    Difference("doveadm quota", SIZE, r"STORAGE +\d+ +\d+ +\d+", "doveadm"),
    Difference("attachments", "Dovecot looks for them in what is stored, and a sealed message has "
               "a part that isn't text: mail_seal(7), LIMITS.",
               r"(?:yes|no) +\n|\$Has(?:No)?Attachment", "doveadm"),
    Difference("our entry", "What is enrolled is listed, for who has it.",
               r"vendor/vendor\.mail-seal/keys\n", "doveadm", line="metadata list",
               states=("sealed", "unusable")),

    Difference("keyword", "Dovecot takes a keyword into the mailbox's list before the message is "
               "saved, also when the save then fails.", r" \$Label\b", states=("unusable",)),
    Difference("mailbox of a refused import", "doveadm creates it, then the message is refused.",
               r"Imported/INBOX messages=0\n", "doveadm", line="mailbox status",
               states=("unusable",)),
]

# What Pair itself sees
REFUSED_SAVE = "refused save"
NAMES = [difference.name for difference in ALLOWED] + [REFUSED_SAVE]


def allow(answers, line, state, where):
    """The names of the differences there are, and what is left; None if nothing is."""
    used = []
    for difference in ALLOWED:
        if (state not in difference.states or difference.where != where.split()[0]
                or not re.search(difference.line, line)):
            continue
        (left, was), (left2, was2) = map(difference.taken_out, answers)
        if was != was2:
            used.append(difference.name)
            answers = [left, left2]
    return used, None if answers[0] == answers[1] else answers
