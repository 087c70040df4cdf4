"""The same session against two Dovecots, with and without mail_seal: machinery.

A script (as_without_us/*.txt, see the README there) is run line by line
against both servers in turn, for a user in one of three states: without a
key, with one, and with one that can't be used. The answers must be equal,
once what differs by nature (times, ports, GUIDs) is made equal, but for the
differences that differences.py names.

A save that is refused because the key can't be used must leave no trace: it
isn't even sent to the server without mail_seal, and from then on both answer
alike.
"""

import dataclasses
import os
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import differences
import letters_for_all
import wires
from dovecot import PASSWORD, VMAIL_UID, Dovecot, User

SCRIPTS = Path(__file__).parents[1] / "as_without_us"
STATES = ("keyless", "sealed", "unusable")
REFUSED = re.compile(rb"Message not stored: the encryption key of this mailbox can't be used")
PLUGINS = ("notify", "mail_log", "quota", "sieve")


@dataclasses.dataclass
class Step:
    where: str      # "imap", "imap 2", "lmtp", "pop3", "sieve", "doveadm"
    line: str
    number: int     # in the file


@dataclasses.dataclass
class Script:
    name: str
    covers: frozenset = frozenset()      # capabilities
    formats: tuple = ()                  # storage formats; none: all
    elsewhere: tuple = ("keyless", "sealed")  # states of the user with another format than maildir
    seeds: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)


def read_script(path):
    script, where = Script(path.stem), "imap"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if header := re.fullmatch(r"(covers|formats|elsewhere|seed): (.*)", line):
            if header[1] == "seed":
                script.seeds.append(header[2])
            else:
                wanted = type(getattr(script, header[1]))
                setattr(script, header[1], wanted(header[2].split()))
        elif section := re.fullmatch(r"\[([a-z0-9 ]+)\]", line):
            where = section[1]
        else:
            script.steps.append(Step(where, line, number))
    return script


def scripts():
    return [read_script(path) for path in sorted(SCRIPTS.glob("*.txt"))]


def both(function, servers):
    with ThreadPoolExecutor() as pool:
        list(pool.map(function, servers))


def user_name(script, state, mate=False):
    return f"{state}-{script.name}{'-mate' if mate else ''}"


class Side:
    """One of the two servers, and the connections of a script to it."""

    def __init__(self, server):
        self.server = server
        self.wires = {}
        self.captured = {}

    def begin(self):
        self.close()
        self.captured = {}

    def close(self):
        for wire in self.wires.values():
            wire.close()
        self.wires = {}

    def wire(self, where, user):
        if where not in self.wires:
            self.wires[where] = wires.open_wire(where, self.server, user)
        return self.wires[where]

    def skip(self, step, user, line):
        """Do as if it had been sent."""
        self.wire(step.where, user).skip(line)

    def fill_in(self, line):
        return re.sub(r"\$([a-z]+)", lambda m: self.captured.get(m[1], m[0]), line)


class Pair:
    """Both servers, with the users of all scripts."""

    def __init__(self, mail_format, certificate, expired):
        self.mail_format = mail_format
        self.expired = expired
        self.used = Counter()            # how often each of the differences occurred
        users = []
        for script in scripts():
            for state in STATES:
                keys = certificate if state == "sealed" else None
                users += [User(user_name(script, state), keys),
                          User(user_name(script, state, mate=True), keys)]
        site = {"mail_format": mail_format, "plugins": PLUGINS, "everything": True,
                "metadata": True, "shared": True, "quota": "2M"}
        self.servers = [Dovecot(users, **site), Dovecot(users, mail_seal=False, **site)]
        self.sides = [Side(server) for server in self.servers]
        self._results = {}
        self._pool = ThreadPoolExecutor(max_workers=2)
        self.transcript = []             # of the script that runs, without mail_seal

    def __enter__(self):
        for server in self.servers:
            server.site.public_maildir.mkdir()
            wires.chown(server.site.public_maildir, VMAIL_UID)
            server.__enter__()
        return self

    def __exit__(self, *_exc):
        self._pool.shutdown()
        both(Dovecot.close, self.servers)

    def capabilities(self):
        """Of each server, before and after the login."""
        found = []
        for server in self.servers:
            wire = wires.ImapWire(server, next(iter(server.users)))
            text = (wire.step("bare CAPABILITY") + wire.step(f"LOGIN {wire.user} {PASSWORD}")
                    + wire.step("CAPABILITY")).decode()
            wire.close()
            found.append(set(" ".join(re.findall(r"CAPABILITY ([^]\r]*)", text)).split()))
        return found

    def runs(self, script, state):
        return ((not script.formats or self.mail_format in script.formats)
                and (self.mail_format == "maildir" or state in script.elsewhere))

    def result(self, script, state):
        """What differs without leave, as a list of texts."""
        key = script.name, state
        if key not in self._results:
            self._results[key] = self._run(script, state)
        return self._results[key]

    def _run(self, script, state):
        user = user_name(script, state)
        self.transcript = []
        list(self._pool.map(lambda side: self._begin(side, script, state, user), self.sides))
        found = []
        try:
            for step in script.steps:
                if report := self._step(script, step, state, user):
                    found.append(report)
        finally:
            self._write_transcript(user)
            for side in self.sides:
                side.close()
        return found

    def _begin(self, side, script, state, user):
        side.begin()
        self._seed(side.server, script, user)
        if state == "unusable":
            for name in (user, user_name(script, state, mate=True)):
                side.server.give(name, ".mail-seal/keys", self.expired)

    def _write_transcript(self, user):
        if folder := os.environ.get("MAIL_SEAL_TRANSCRIPTS"):
            Path(folder, f"{self.mail_format}-{user}").write_text("\n".join(self.transcript))

    @staticmethod
    def _seed(server, script, user):
        """Put messages into mailboxes: "MAILBOX message...", each with a date of its own."""
        if not script.seeds:
            return
        with server.imap(user) as client:
            day = 0
            for seed in script.seeds:
                mailbox, *names = seed.split()
                if mailbox != "INBOX":
                    client.command(f'CREATE "{mailbox}"')
                for name in names:
                    day += 1
                    # what a format can't have, a child below messages, is for both not there
                    client.append(mailbox, letters_for_all.LETTERS[name],
                                  f'"{day:02}-Jan-2026 12:00:00 +0000"')

    def _step(self, script, step, state, user):
        line, _, capture = step.line.partition(" => ")

        def answer(side):
            return self._answer(side, script, step, state, user)
        if state == "unusable":  # what the first refuses isn't sent to the other
            first = answer(self.sides[0])
            if REFUSED.search(first):
                self.used[differences.REFUSED_SAVE] += 1
                self.sides[1].skip(step, user, line)
                return None
            answers = [first, answer(self.sides[1])]
        else:
            answers = list(self._pool.map(answer, self.sides))
        if capture:
            name, pattern = capture.split(" ", 1)
            for side, text in zip(self.sides, answers):
                if found := re.search(pattern.encode(), text):
                    side.captured[name] = found[1].decode()
        answers = [normal(text, side.server, side.captured)
                   for side, text in zip(self.sides, answers)]
        self.transcript += [f"[{step.where}] {step.line}", *answers[-1].splitlines(), ""]
        if answers[0] == answers[1]:
            return None
        used, left = differences.allow(answers, line, state, step.where)
        self.used.update(used)
        if left is None:
            return None
        return (f"{script.name}.txt:{step.number} [{step.where}] {line}\n"
                f"  with:    {left[0]!r}\n  without: {left[1]!r}")

    def _answer(self, side, script, step, state, user):
        # what the words of a script stand for
        mate = user_name(script, state, mate=True)
        server = side.server
        words = {"USER": user, "MATE": mate, "ADDRESS": server.users[user].address,
                 "MATEADDRESS": server.users[mate].address, "HOME": str(server.home(user))}
        line = step.line.partition(" => ")[0]
        text = side.fill_in(re.sub(r"\$([A-Z]+)", lambda m: words.get(m[1], m[0]), line))
        return side.wire(step.where, user).step(text)


def normal(answer, server, captured):
    """What differs by nature, made equal."""
    text = inline_literals(answer.decode("latin-1"))
    text = text.replace(str(server.folder), "FOLDER")
    # a UIDVALIDITY or a file's name can have the same digits within
    text = re.sub(rf"\b{server.site.imap_port}\b", "PORT", text)
    for name, value in captured.items():
        text = text.replace(value, "$" + name)
    for pattern, word in BY_NATURE:
        text = pattern.sub(word, text)
    return text


def inline_literals(text):
    """{5}, a line end and five bytes become {5}«these»."""
    parts, position = [], 0
    while found := re.compile(r"\{(\d+)\}\r\n").search(text, position):
        end = found.end() + int(found[1])
        parts += [text[position:found.end() - 2], "\xab", text[found.end():end], "\xbb"]
        position = end
    return "".join(parts) + text[position:]


def _by_nature():
    now = time.time()
    today = "|".join(time.strftime(form, time.gmtime(now + 86400 * days))
                     for days in (-1, 0, 1) for form in ("%d-%b-%Y", "%Y-%m-%d", "%d %b %Y"))
    return [(re.compile(pattern), word) for pattern, word in (
        (r" \(\d+\.\d+( \+ \d+\.\d+)+ secs\)", ""),
        # whether a folder was changed in a later second than it was looked into
        (r"(?i) \\(un)?marked\b", ""),
        (r"(UIDVALIDITY|APPENDUID|COPYUID) \d+", r"\1 V"),
        (r"uidvalidity=\d+", "uidvalidity=V"),
        (r"\b[0-9a-f]{8}(?:[0-9a-f]{24})\b", "GUID"),
        (r"\b([0-9a-f]{8})[0-9a-f]{8}\b", r"\1V"),  # pop3_uidl_format
        (r"\b\d{10}\.M\d+P\d+\.\w+", "FILE"),
        (r"\{\d+\}(?=\xabFILE)", "{}"),
        (r":internal:[0-9a-f]{42}", ":internal:TOKEN"),
        (rf"(\w+, )?({today})([ T]\d\d:\d\d:\d\d)?( [+-]\d{{4}})?", "NOW"),
        (r"(<\d+>)?<[A-Za-z0-9+/]{22}[^>]*>", "<SESSION>"),
        (r"\bid [A-Za-z0-9+/]{22}(:\w+)*", "id SESSION"),
        (r"[A-Za-z0-9+/]{22}(:\w+)* Saved", "SESSION Saved"),
    )]


BY_NATURE = _by_nature()
