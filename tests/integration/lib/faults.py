"""Mail comes in through a real Postfix while things break; in the end nothing may be missing.

The run: a thread sends messages all the time. One fault after the other is
put in and taken away again. Then Postfix gets the time to empty its queue,
and every stored message is looked at. `tests/faults` runs it at full length.
"""

import base64
import contextlib
import itertools
import os
import quopri
import random
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import mail
from dovecot import Dovecot, User
from fakes import Fakes
from postfix import Postfix
from sandbox import wait_until

TIMEOUT = 2                          # seconds, mail_seal_timeout
DRAIN_TIMEOUT = 900                  # seconds for the queue to become empty
DRAIN_STEP = 15                      # seconds until it is told to hurry
KEY_GRACE = 30                       # seconds from reading a key to the file's time stamp
DISK = "512M"
# An lmtp with a limit on its open files
LIMITED = """
service lmtp {
  executable = /bin/bash FOLDER/limited-lmtp
}
"""
LIMITED_LMTP = """
ulimit -S -n "$(cat {folder}/lmtp-limit)"
exec -a dovecot/lmtp /usr/lib/dovecot/lmtp "$@"
"""
LMTP_FILES = 14                      # that an lmtp has open when it begins to deliver
# That lmtp was killed; and what Dovecot itself ends for, without descriptors
# (127: its libraries) and while it is started again
EXPECTED_IN_LOG = re.compile(r"killed with signal (9|15)|Fatal: \w+\(.*\).*: Too many open files|"
                             r"Fatal: Failed to start listeners|Fatal: Error reading configuration|"
                             r"returned error 127")
GPG_PROGRAMS = ("gpg", "mail-seal-exec", "real-gpg")

# In each form that it has in the messages below
WORD = "Canary-ünsealed-6f1d"
SIGNS = [WORD.encode(), quopri.encodestring(WORD.encode()),
         *(base64.b64encode(b"x" * shift + WORD.encode())[4 * (shift > 0):-4]
           for shift in range(3))]


def eight_bit(size):
    return mail.part_headers("text/plain; charset=utf-8", "8bit") + \
        f"{WORD} 0123456789\r\n".encode() * (size // 34 + 1)


def quoted_printable(size):
    line = quopri.encodestring(f"{WORD} = 0123".encode()) + b"\r\n"
    return mail.part_headers("text/plain; charset=utf-8", "quoted-printable") + \
        line * (size // len(line) + 1)


def attachment(size):
    content = os.urandom(size // 3) + WORD.encode() + os.urandom(size // 3)
    encoded = mail.crlf(base64.encodebytes(content))
    return b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n' + mail.multipart_body("b", [
        eight_bit(100), mail.part_headers("application/octet-stream", "base64") + encoded])


SIZES = (300, 2_000, 20_000, 20_000, 150_000, 300_000)
FORMS = (eight_bit, quoted_printable, attachment)


@dataclass
class Sent:
    message: bytes
    recipients: tuple
    encrypted: bool                  # already, when it was sent


class Traffic(threading.Thread):
    """Sends messages at an even rate until it is stopped.

    One in ten is encrypted already and so large that mail_seal puts it aside.
    """

    def __init__(self, postfix, users, encrypted, chance, per_second):
        super().__init__(daemon=True)
        self.sent = {}               # by Message-ID
        self._postfix, self._users, self._encrypted = postfix, users, encrypted
        self._chance, self._pause = chance, 1 / per_second
        self._ending = threading.Event()
        self.failure = None

    def run(self):
        try:
            # All forms once for the user without key: the search for plaintext
            # must find them there.
            for form, size in itertools.product(FORMS, (180, 183, 186)):
                self._send(form(size), ("plain",))
            while not self._ending.wait(self._pause):
                self._send_any()
        except Exception as exception:  # shown by stop(), in the main thread
            self.failure = exception

    def _send_any(self):
        recipients = self._chance.sample(self._users, self._chance.choice((1, 1, 1, 2, 3)))
        if self._chance.random() < 0.1:
            self._send(self._encrypted, recipients, encrypted=True)
        else:
            self._send(self._chance.choice(FORMS)(self._chance.choice(SIZES)), recipients)

    def _send(self, entity, recipients, encrypted=False):
        number = len(self.sent)
        message_id = f"<{number}.{self._chance.getrandbits(64):x}@faults.example.org>"
        message = mail.crlf(
            f"From: Sender <sender@example.org>\r\nTo: list@example.org\r\n"
            f"Subject: message {number}\r\nDate: Mon, 03 Feb 2025 10:11:12 +0000\r\n"
            f"Message-ID: {message_id}\r\nMIME-Version: 1.0\r\n".encode()
            + entity)
        self.sent[message_id] = Sent(message, recipients, encrypted)
        self._postfix.send(message, *(f"{name}@example.org" for name in recipients))

    def stop(self):
        self._ending.set()
        self.join()
        if self.failure:
            raise self.failure


@dataclass
class KeyTimes:
    """Which key a user had from when on."""
    changes: list = field(default_factory=list)      # (time, Key), ascending

    def possible(self, saved_at):
        """The keys that a message saved at this time may be sealed to."""
        keys = []
        for (start, key), (end, _) in itertools.zip_longest(
                self.changes, self.changes[1:], fillvalue=(float("inf"), None)):
            if start <= saved_at and saved_at <= end + KEY_GRACE:
                keys.append(key)
        return keys


class Faults:
    """Everything that breaks. Each method is one fault, for so many seconds.

    `wait(seconds, failing)` lets so much time and traffic pass; and if failing, until something
    was deferred.
    """

    def __init__(self, server, chance, gnupg_keys, wait):
        self._server, self._chance, self._wait = server, chance, wait
        self._fakes = Fakes(server)
        self.killed = Counter()
        (server.folder / "limited-lmtp").write_text(LIMITED_LMTP.format(folder=server.folder))
        (server.folder / "lmtp-limit").write_text("1024")
        self._keys = itertools.cycle(gnupg_keys)
        self.alice = KeyTimes([(0, next(self._keys))])

    def lmtp_killed(self, seconds):
        """Half of the time while a gpg works for it."""
        for _ in _every(lambda: self._chance.uniform(0.005, 0.25), seconds):
            if self._chance.random() < 0.5:
                wait_until(lambda: _gpg_processes(self._server), timeout=1, interval=0)
            self._kill("lmtp", self._server.service_pids("lmtp"))

    def gpg_killed(self, seconds):
        for _ in _every(0.05, seconds):
            wait_until(lambda: _gpg_processes(self._server), timeout=1, interval=0)
            time.sleep(self._chance.uniform(0, 0.003))
            self._kill("gpg", list(_gpg_processes(self._server)))

    def dovecot_killed(self, seconds):
        for _ in range(2):
            time.sleep(seconds / 4)
            os.kill(self._server.master_pid(), signal.SIGKILL)
            self.killed["dovecot"] += 1
            time.sleep(seconds / 4)
            self._start_again()

    def disk_full(self, seconds):
        filler = self._server.home("alice").parent / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        self._wait(seconds, failing=True)
        filler.unlink()

    def temporary_disk_full(self, seconds):
        """No room for what Dovecot and mail_seal put aside of larger messages."""
        with self._over_temporary_folder("size=64k,mode=1777"):
            self._wait(seconds)

    def out_of_descriptors(self, seconds):
        """lmtp and what it runs may open a few files or none, each lmtp some more or less."""
        for _ in _every(0.5, seconds):
            self._lmtp_limit(self._chance.randrange(LMTP_FILES, LMTP_FILES + 16))
        self._lmtp_limit(1024)

    def _lmtp_limit(self, files):
        """For those that begin from now on; the others are ended."""
        (self._server.folder / "lmtp-limit").write_text(str(files))
        for pid in self._server.service_pids("lmtp"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def gpg_hangs(self, seconds):
        self._fake("hang", seconds)

    def gpg_hangs_at_the_end(self, seconds):
        self._fake("hang_after_input", seconds)

    def gpg_exits_with_error(self, seconds):
        self._fake("crash", seconds)

    def gpg_writes_half_and_dies(self, seconds):
        self._fake("half_then_killed", seconds)

    def gpg_writes_nothing_and_exits_well(self, seconds):
        self._fake("silent", seconds)

    def gpg_copies_the_plaintext(self, seconds):
        self._fake("cat", seconds)

    def key_replaced(self, seconds):
        """First by another file, then by writing into the file."""
        path = self._server.keys_file("alice")
        for number in range(4):
            key = next(self._keys)
            if number % 2:
                path.write_bytes(key.certificate)
            else:
                self._server.give("alice", ".mail-seal/new", key.certificate)
                (path.parent / "new").rename(path)
            self.alice.changes.append((time.time(), key))
            self._wait(seconds / 4)

    ALL = (lmtp_killed, gpg_killed, dovecot_killed, disk_full, temporary_disk_full,
           out_of_descriptors, gpg_hangs, gpg_hangs_at_the_end, gpg_exits_with_error,
           gpg_writes_half_and_dies, gpg_writes_nothing_and_exits_well, gpg_copies_the_plaintext,
           key_replaced)
    # The save that meets one of these must fail.
    FAILING = (gpg_hangs, gpg_hangs_at_the_end, gpg_exits_with_error, gpg_writes_half_and_dies,
               gpg_writes_nothing_and_exits_well, gpg_copies_the_plaintext)

    def _kill(self, what, pids):
        with contextlib.suppress(ProcessLookupError, IndexError):
            os.kill(self._chance.choice(pids), signal.SIGKILL)
            self.killed[what] += 1

    def _start_again(self):
        """As an init system does it: until it works."""
        for _ in range(200):
            with contextlib.suppress(RuntimeError):
                self._server.start()
            # Processes of the old one may still answer for it, and keep the
            # new one from its sockets.
            time.sleep(0.5)
            if self._server.is_running():
                return
        raise RuntimeError("Dovecot doesn't start again: " + self._server.log()[-2000:])

    def _fake(self, behaviour, seconds):
        with self._fakes.gpg(behaviour):
            self._wait(seconds, failing=True)

    @contextlib.contextmanager
    def _over_temporary_folder(self, options):
        folder = self._server.mail_temp
        self._server.sandbox.run("mount", "-t", "tmpfs", "-o", options, "tmpfs", folder)
        try:
            yield
        finally:
            left = list(self._server.sandbox.seen_from_outside(folder).iterdir())
            self._server.sandbox.run("umount", "--lazy", folder)
            assert not left, left


def _gpg_processes(server):
    """{PID: command line}"""
    return {pid: command for pid, command in server.sandbox.processes().items()
            if Path(command.split()[0]).name in GPG_PROGRAMS}


def _every(pause, seconds):
    """Yields again and again for so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(pause() if callable(pause) else pause)


@dataclass
class Outcome:
    messages: int = 0
    expected: int = 0                # copies: one for each recipient
    stored: int = 0
    duplicates: int = 0
    lost_acknowledgements: int = 0
    deferred: Counter = field(default_factory=Counter)   # by fault
    unfinished: int = 0              # files in Maildir/tmp
    killed: Counter = field(default_factory=Counter)
    problems: list = field(default_factory=list)


class Run:
    def __init__(self, gnupg, seconds=6, per_second=6, seed=None, say=lambda line: None):
        self.seed = random.randrange(2**32) if seed is None else seed
        self._chance = random.Random(self.seed)
        self._gnupg, self._seconds, self._per_second, self._say = gnupg, seconds, per_second, say
        self._outcome = Outcome()

    def run(self, faults=Faults.ALL):
        names = ("alice", "bob", "carol")
        keys = {name: self._gnupg.generate(f"{name}@faults.example.org") for name in names}
        spare = [keys["alice"], self._gnupg.generate("alice.new@faults.example.org")]
        # Each engine has an owner. What befalls gpg is nothing to the other engine.
        engines = {"bob": {"mail_seal_openpgp_engine": "gpg"}}
        users = [User(name, keys[name].certificate, engines.get(name, {})) for name in names]
        users.append(User("plain"))
        body = attachment(600_000)
        encrypted = mail.split(mail.pgp_mime(self._gnupg.encrypt(body, keys["bob"])))
        with Dovecot(users, disk=DISK, seal={"mail_seal_timeout": f"{TIMEOUT}s"},
                     more=LIMITED) as server, Postfix(server) as postfix:
            self._server, self._postfix = server, postfix
            self._faults = Faults(server, self._chance, spare, self._wait)
            self._keys = {name: KeyTimes([(0, key)]) for name, key in keys.items()}
            self._keys["alice"] = self._faults.alice
            self._traffic = Traffic(postfix, (*names, "plain"), _mime_entity(encrypted),
                                    random.Random(self._chance.random()), self._per_second)
            self._traffic.start()
            for fault in faults:
                self._one_fault(fault)
            self._traffic.stop()
            self._drain()
            self._check(self._traffic.sent)
            self.logs = {"dovecot.log": server.log(), "postfix.log": postfix.log()}
        return self._outcome

    def _one_fault(self, fault):
        before = self._deferred()
        fault(self._faults, self._seconds)
        self._wait(self._seconds / 4)
        count = self._deferred() - before
        self._outcome.deferred[fault.__name__] = count
        self._say(f"{fault.__name__.replace('_', ' '):36}{count:5} attempts deferred")

    def _wait(self, seconds, failing=False):
        """On a busy machine the messages for so many seconds take longer."""
        deferred, sent = self._deferred(), len(self._traffic.sent)
        time.sleep(seconds)
        wait_until(lambda: self._traffic.failure
                   or (len(self._traffic.sent) - sent >= int(seconds * self._per_second)
                       and (not failing or self._deferred() > deferred)), interval=0.1)

    def _deferred(self):
        return self._postfix.log().count("status=deferred")

    def _drain(self):
        is_empty = lambda: self._postfix.queued() == 0  # noqa: E731
        # Postfix puts a message aside for five minutes if it meets it again
        # while its delivery is just ending ("skipped, still being delivered").
        for _ in range(DRAIN_TIMEOUT // DRAIN_STEP):
            if wait_until(is_empty, timeout=DRAIN_STEP, interval=0.2):
                # and has written all that it has to say of them
                wait_until(lambda: len(re.findall(r": removed$", self._postfix.log(), re.M))
                           >= len(self._traffic.sent))
                return
            self._postfix.retry_now()
        self._problem(f"{self._postfix.queued()} messages are still in Postfix's queue")

    # What must hold in the end

    def _problem(self, text):
        self._outcome.problems.append(text)

    def _check(self, sent):
        outcome = self._outcome
        outcome.killed = self._faults.killed
        outcome.messages = len(sent)
        outcome.expected = sum(len(one.recipients) for one in sent.values())
        attempts = self._postfix.attempts()
        for name in (*self._keys, "plain"):
            self._check_mailbox(name, sent, attempts)
        self._check_postfix(attempts)
        self._check_plaintext()
        self._check_leftovers()
        self._check_log()

    def _check_mailbox(self, name, sent, attempts):
        copies = defaultdict(list)
        for file in self._server.maildir_files(name):
            found = re.search(rb"^Message-ID: (<\S+>)", file.read_bytes(), re.M | re.I)
            copies[found[1].decode() if found else file.name].append(file)
        wanted = {message_id for message_id, one in sent.items() if name in one.recipients}
        for message_id in wanted - set(copies):
            self._problem(f"{message_id} to {name} is lost")
        for message_id in set(copies) - wanted:
            # the owner is told that his key has been replaced
            if not message_id.startswith("<mail-seal."):
                self._problem(f"{message_id} in the mailbox of {name} isn't for him")
        for message_id in set(copies) & wanted:
            self._outcome.stored += len(copies[message_id])
            for file in copies[message_id]:
                self._check_message(name, file, sent[message_id])
            self._check_duplicates(name, message_id, len(copies[message_id]) - 1, attempts)

    def _check_message(self, name, file, sent):
        try:
            if sent.encrypted or name == "plain":
                mail.check_unchanged(file.read_bytes(), sent.message)
            else:
                self._check_sealed(name, file, sent.message)
        except (AssertionError, RuntimeError) as problem:
            self._problem(f"{file.name} of {name}: {problem}")

    def _check_sealed(self, name, file, original):
        saved_at = float(re.sub(r"\.M(\d+)P.*", lambda m: f".{int(m[1]):06}", file.name))
        [used] = mail.unseal(file.read_bytes()).fingerprints
        possible = {key.fingerprint: key for key in self._keys[name].possible(saved_at)}
        assert used in possible, f"sealed to {used}, not to one of {list(possible)}"
        mail.check_sealed(file.read_bytes(), original, self._gnupg, possible[used])

    def _check_duplicates(self, name, message_id, duplicates, attempts):
        """A copy too many is right where a copy was stored and Postfix couldn't know."""
        lost = sum(1 for attempt in attempts if attempt.message_id == message_id
                   and attempt.recipient == f"{name}@example.org" and attempt.acknowledgement_lost)
        self._outcome.duplicates += duplicates
        self._outcome.lost_acknowledgements += lost
        if duplicates > lost:
            self._problem(f"{message_id} is in the mailbox of {name} {duplicates + 1} times, "
                          f"but only {lost} acknowledgements were lost")

    def _check_postfix(self, attempts):
        for attempt in attempts:
            if attempt.status not in ("sent", "deferred"):
                self._problem(f"Postfix: {attempt}")

    def _check_plaintext(self):
        plain = self._server.home("plain")
        for file in self._files():
            if plain not in file.parents and _signs_in(file):
                self._problem(f"plaintext in {file}")
        found = [sign for file in self._files() if plain in file.parents for sign in _signs_in(file)]
        if set(found) != set(SIGNS):
            self._problem("the search for plaintext doesn't find all it should without a key")

    def _files(self):
        for folder in (self._server.folder, self._server.home("alice").parent):
            for file in folder.rglob("*"):
                if file.is_file() and not file.is_symlink():
                    yield file

    def _check_leftovers(self):
        server = self._server
        if not wait_until(lambda: not _gpg_processes(server)):
            self._problem(f"still running: {_gpg_processes(server)}")
        if not wait_until(lambda: not server.sandbox.zombies()):
            self._problem(f"{len(server.sandbox.zombies())} zombies")
        if not wait_until(lambda: not list(server.mail_temp.iterdir())):
            self._problem(f"in mail_temp_dir: {list(server.mail_temp.iterdir())}")
        # What an lmtp was writing when it was killed stays until Dovecot's
        # next look, 36 hours later (maildir-sync.c). It is as sealed as the rest.
        unfinished = [file for name in self._keys
                      for file in server.home(name).glob("Maildir/tmp/*")]
        self._outcome.unfinished = len(unfinished)
        if len(unfinished) > self._faults.killed["lmtp"] + 4 * self._faults.killed["dovecot"]:
            self._problem(f"more unfinished files than were killed: {unfinished}")

    def _check_log(self):
        for line in self._server.new_crashes():
            if not EXPECTED_IN_LOG.search(line):
                self._problem(f"Dovecot's log: {line}")


def _signs_in(file):
    content = file.read_bytes()
    return [sign for sign in SIGNS if sign in content]


def _mime_entity(parts):
    """The Content fields and the body of a message that was taken apart."""
    return b"".join(field for field in parts.fields if mail.is_content(field)) + b"\r\n" + parts.body
