#!/usr/bin/env python3
"""Each fact stands in the source and in the documents, and they agree.

The source is where a fact is from: settings in src/plugin/owner-settings.h, events in
src/plugin/report.c, commands and their options in src/doveadm, and each text that people get to
see where it is said.  The documents are the manual pages, the example files, the troubleshooting
page.  A text that is in no document fails this test, and so does a documented one that the source
doesn't have.

A line of the log stands in a document unbroken, so that one finds it by grep: in a manual page
between .EX and .EE below DIAGNOSTICS, with italics for what differs; in doc/troubleshooting.md in
a block of its own, with "…" for it.
"""

import re
import sys

sys.dont_write_bytecode = True

from source_texts import ROOT, SOURCE, WORDS, commands, macro, texts  # noqa: E402
from undocumented import DOVECOTS, FILES, FUNCTIONS, TEXTS  # noqa: E402

MAIL_SEAL_7 = (ROOT / "man/mail_seal.7").read_text()
DOVEADM_SEAL_1 = (ROOT / "man/doveadm-seal.1").read_text()
TROUBLESHOOTING = ROOT / "doc/troubleshooting.md"
EXAMPLES = {"2.3": ROOT / "conf.d-examples/90-mail-seal.conf",
            "2.4": ROOT / "conf.d-examples/dovecot-2.4/90-mail-seal.conf"}
METRICS = [ROOT / "conf.d-examples/91-mail-seal-metrics.conf",
           ROOT / "conf.d-examples/dovecot-2.4/91-mail-seal-metrics.conf"]
# Settings that one version of Dovecot doesn't have
ONLY = {"public": "2.3"}
# What stands in the troubleshooting page's blocks besides lines of the log
COMMANDS = ("doveadm ", "postqueue ", "man ")
# What stands for whatever differs
ANYTHING = "\0"

# What stands between two texts
SEPARATORS = {" ", ": ", ", ", "; ", '" ', ' "', '"'}

failures = []


def expect(condition, sentence):
    if not condition:
        failures.append(sentence)


def same(one, other, what):
    for missing in sorted(set(one) - set(other)):
        failures.append(f"{what}: {missing!r} is in the source and not documented")
    for missing in sorted(set(other) - set(one)):
        failures.append(f"{what}: {missing!r} is documented and not in the source")


def plain(troff):
    """Manual text as one reads it; what is in italics is ANYTHING."""
    troff = re.sub(r"\\fI.*?\\f[PR]", ANYTHING, troff)
    for escape, text in (("\\-", "-"), ("\\(aq", "'"), ("\\(dq", '"'), ("\\(ti", "~"),
                         ("\\&", ""), ("\\e", "\\"), ("\\fB", ""), ("\\fP", ""), ("\\fR", "")):
        troff = troff.replace(escape, text)
    return troff


def section(page, title):
    return re.search(rf'^\.S[HS] "?{re.escape(title)}"?\n(.*?)(?=^\.SH |\Z)', page, re.S | re.M)[1]


def subsection(page, title):
    return re.search(rf"^\.SS {re.escape(title)}\n(.*?)(?=^\.S[HS] |\Z)", page, re.S | re.M)[1]


def blocks(text):
    return [plain(block) for block in re.findall(r"^\.EX\n(.*?)^\.EE", text, re.S | re.M)]


SETTINGS_AND_EVENTS = {
    *("mail_seal_" + name for name, _, _ in macro("plugin/owner-settings.h", "MAIL_SEAL_SETTINGS")),
    "mail_seal_finished", "mail_seal_key_changed", "mail_seal_group_changed"}


# Settings

def test_settings():
    settings = {name: {"2.3": old, "2.4": new} for name, old, new
                in macro("plugin/owner-settings.h", "MAIL_SEAL_SETTINGS")}
    for setting in settings.values():
        for version, default in setting.items():
            setting[version] = default.replace(
                "MAIL_SEAL_TEXTS", ANYTHING + "/dovecot-mail-seal/texts")
    synopsis = blocks(section(MAIL_SEAL_7, "SYNOPSIS"))
    for version, text in zip(("2.3", "2.4"), synopsis):
        same([f"mail_seal_{name} = {setting[version]}".strip()
              for name, setting in settings.items() if ONLY.get(name, version) == version],
             re.findall(r"mail_seal_\w+ =(?:.*\S)?", text),
             f"mail_seal(7), synopsis for {version}")
    described = dict(re.findall(
        r'^\.BR mail_seal_(\w+) "? ?\(default: (.*?)(?:; Dovecot 2\.3)?\)"$',
        section(MAIL_SEAL_7, "SETTINGS"), re.M))
    same(settings, described, "mail_seal(7), SETTINGS")
    for name, default in described.items():
        default = plain(default.replace("\\fP", "").replace("\\fB", "").replace("\\fI", ""))
        value = settings.get(name, {"2.3": ""})["2.3"]
        if not re.search(r"[%\0]", value) and name != "dns_servers":
            expect(default == (value or "empty"),
                   f"mail_seal(7), SETTINGS: the default of mail_seal_{name} is {value!r}")
    for version, path in EXAMPLES.items():
        check_example(path, version, settings)
    words = re.sub(r"\\fB|\\fP", "", section(MAIL_SEAL_7, "SETTINGS"))
    for path in SOURCE.glob("plugin/*settings*.c"):
        for word in re.findall(r'strcmp\(\w+, "(\w+)"\)', path.read_text()):
            expect(re.search(rf"\b{word}\b", words), f"mail_seal(7), SETTINGS: the word {word}")


def check_example(path, version, settings):
    lines = path.read_text().splitlines()
    place = path.relative_to(ROOT)
    found = {}
    for line in lines:
        match = re.fullmatch(r" *#mail_seal_(\w+) =(?: (.*))?", line)
        if match and not (match[1] == "keys" and (match[2] or "").startswith("dict")):
            found.setdefault(match[1], []).append(match[2] or "")
    same([name for name in settings if ONLY.get(name, version) == version], found, place)
    for name, values in found.items():
        default = settings.get(name, {}).get(version, "")
        expect(values[0] == default or ANYTHING in default,
               f"{place}: mail_seal_{name} is {values[0]!r}, and should be its default {default!r}")


def test_examples_say_the_same():
    """What differs between the versions stands in lines that name it."""
    def comment_of(version):
        said, text = {}, []
        for line in EXAMPLES[version].read_text().splitlines():
            line = line.strip()
            match = re.fullmatch(r"#mail_seal_(\w+) =.*", line)
            if match:
                said.setdefault(match[1], " ".join(text))
                text = []
            elif line.startswith("# ") or line == "#":
                text.append(line[2:])
            else:
                text = []
        return said

    old, new = comment_of("2.3"), comment_of("2.4")
    for name in sorted(set(old) & set(new) - {"keys", "exclude"}):
        expect(old[name].replace("%u", "%{user}").replace("%h", "%{home}") == new[name],
               f"The examples' words about mail_seal_{name} differ:\n  {old[name]}\n  {new[name]}")


# Events

def test_events():
    source = (SOURCE / "plugin/report.c").read_text()
    everything = "".join(path.read_text() for path in SOURCE.rglob("*.c"))
    events = re.findall(r'set_name\("(mail_seal_\w+)"\)(.*?)->event\(\)', everything, re.S)
    documented = plain(section(MAIL_SEAL_7, "EVENTS"))
    same({name for name, _ in events}, set(re.findall(r"\bmail_seal_(?:\w+_changed|finished)\b",
                                                      documented)), "mail_seal(7), EVENTS")
    tags = [word for line in re.findall(r"^\.T[PQ]\n\.BR? (.*)", documented, re.M)
            for word in re.findall(r"\b[a-z_]+\b", line)]
    fields = {field for _, body in events for field in re.findall(r'add_\w+\("(\w+)"', body)}
    values = {value for table in ("result_names", "reason_names")
              for value in re.findall(r'= "(\w+)"', re.search(
                  rf"{table}\[\] = \{{(.*?)\}};", source, re.S)[1])}
    same(fields | values, tags, "mail_seal(7), EVENTS")
    way = re.search(r"^\.B way\n(.*?)^\.TP", documented, re.S | re.M)[1]
    ways = re.findall(r'\b(?:way = |define WAY |give\(set, )"([a-z-]+)"', everything)
    ways += ["find-" + name.replace("_", "-") for name in re.findall(
        r"^const struct discovery_source discovery_(\w+) = ", everything, re.M)]
    same(ways, [word for line in re.findall(r"^\.BR? (.*)", way, re.M)
                for word in re.findall(r'(?<!")\b[a-z-]+\b', line.replace('" or "', " "))],
         "mail_seal(7), EVENTS, way")
    for path in METRICS:
        text = path.read_text()
        for name in re.findall(r"mail_seal_finished|mail_seal_\w+_changed", text):
            expect(name in dict(events), f"{path.relative_to(ROOT)}: no event {name}")
        for value in re.findall(r"(?:result|reason) ?= ?\"?(\w+)", text):
            expect(value in values, f"{path.relative_to(ROOT)}: no result or reason {value}")


def test_metrics():
    """Those of `doveadm seal metrics`, and those that Dovecot's statistics count."""
    source = (SOURCE / "doveadm/metrics/text.c").read_text()
    own = set(re.findall(r'"(mail_seal_\w+)[{"]', source))
    described = plain(subsection(DOVEADM_SEAL_1, "seal metrics"))
    same(own, set(re.findall(r"\bmail_seal_\w+", described)), "doveadm-seal(1), seal metrics")
    counted = {f"dovecot_{name}{end}" for path in METRICS
               for name in re.findall(r"^#?metric (\w+) \{", path.read_text(), re.M)
               for end in ("", "_total", "_count", "_sum", "_bucket", "_bytes_in", "_bytes_out")}
    for path in [*(ROOT / "conf.d-examples/monitoring").iterdir(), ROOT / "doc/monitoring.md"]:
        for name in re.findall(r"\b(?:dovecot_)?mail_seal_(?!unusable|missing|key)\w+",
                               path.read_text()):
            expect(name in own | counted | SETTINGS_AND_EVENTS,
                   f"{path.relative_to(ROOT)}: there is no metric {name}")


def test_doctor():
    """The names of its checks"""
    source = "".join(path.read_text() for path in SOURCE.glob("doveadm/doctor/*.c"))
    checks = set(re.findall(r'doctor_(?:bad|ok)\([^"]*?, "([\w-]+)",', source))
    checks.update(re.findall(r'\bcheck\[\] = "([\w-]+)"', source))
    described = {name for line in re.findall(
        r"^\.T[PQ]\n\.BR? (.*)", plain(subsection(DOVEADM_SEAL_1, "seal doctor")), re.M)
        for name in re.findall(r"[a-z_][\w-]+", line)}
    same(checks, described, "doveadm-seal(1), seal doctor")


# Commands

def test_commands():
    synopsis = plain(section(DOVEADM_SEAL_1, "SYNOPSIS").replace("\\fP", "").replace("\\fI", ""))
    described = plain(section(DOVEADM_SEAL_1, "COMMANDS"))
    known = dict(commands())
    same(known, set(re.findall(r"^\.B (seal .*?)(?: -.*)?$", synopsis, re.M)),
         "doveadm-seal(1), SYNOPSIS")
    letters = {"dry-run": "-n", "gnupg-home": "-g", "total-sum": "-t", "mailbox-mask": None}
    for name, options in known.items():
        usage = "".join(re.findall(rf"^\.B {name}\b.*?(?=^\.BR doveadm|\Z)", synopsis,
                                   re.S | re.M))
        for option in options:
            text = letters.get(option, "--" + option)
            if text is not None:
                expect(text in usage, f"doveadm-seal(1), SYNOPSIS: {name} has no {text}")
                expect(re.search(rf"(?<![\w-]){text}\b", described),
                       f"doveadm-seal(1), COMMANDS: {text} of {name}")
    options = {"--" + option for options in known.values() for option in options}
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", synopsis):
        expect(option in options, f"doveadm-seal(1), SYNOPSIS: no command has {option}")


def test_names_in_documents():
    """Commands with their options, and settings, wherever one is told to use them."""
    known = dict(commands())
    settings = SETTINGS_AND_EVENTS | {"mail_seal_name"}
    pages = [ROOT / "README", *ROOT.glob("doc/*.md"), *EXAMPLES.values()]
    texts_of = {page.relative_to(ROOT): page.read_text() for page in pages}
    texts_of |= {"mail_seal(7)": plain(MAIL_SEAL_7), "doveadm-seal(1)": plain(DOVEADM_SEAL_1)}
    for page, text in texts_of.items():
        for rest in re.findall(r"doveadm (?:-\S+ )*(seal [^`\"|;>\n]*)", text):
            name = next((name for name in known if re.match(rf"{name}\b", rest)), None)
            if name is None:
                expect(re.match(r"seal(?: key| group)?(?:[^ \w]|$| \W)", rest),
                       f"{page}: there is no command {rest!r}")
                continue
            for option in re.findall(r" --([a-z][a-z-]+)", rest):
                expect(option in known[name], f"{page}: {name} has no --{option}")
        for setting in re.findall(r"\bmail_seal_[a-z_]*[a-z] =", text):
            expect(setting[:-2] in settings or "mail_seal_keys" in setting,
                   f"{page}: there is no setting {setting[:-2]}")


STATUS = {"EX_USAGE": 64, "EX_DATAERR": 65, "DOVEADM_EX_NOTPOSSIBLE": 65, "EX_NOUSER": 67,
          "EX_CANTCREAT": 73, "EX_TEMPFAIL": 75, "EX_CONFIG": 78, "CHECK_EX_PROBLEM": 1}


def test_exit_statuses():
    source = "".join(path.read_text() for path in SOURCE.glob("doveadm/**/*.[ch]"))
    used = {0} | {STATUS.get(name, name)
                  for name in re.findall(r"\b(?:DOVEADM_|CHECK_)?EX_[A-Z]+\b", source)}
    # The doctor's are its findings'.
    used |= {1, 2} if "doveadm_exit_code = doctor.worst" in source else set()
    documented = re.findall(r"^\.B (\d+)", section(DOVEADM_SEAL_1, "EXIT STATUS"), re.M)
    same({str(status) for status in used}, documented, "doveadm-seal(1), EXIT STATUS")


# Texts

def documented_lines():
    """Each with its document."""
    for name, page in (("mail_seal(7)", MAIL_SEAL_7), ("doveadm-seal(1)", DOVEADM_SEAL_1)):
        for block in blocks(section(page, "DIAGNOSTICS")):
            for line in block.splitlines():
                yield name, line
    for line in re.findall(r"^    (\S.*)", TROUBLESHOOTING.read_text(), re.M):
        if not line.startswith(COMMANDS):
            yield "doc/troubleshooting.md", line.replace("…", ANYTHING).replace("USER", ANYTHING)


NAMES = dict(commands())
# "open(%s) failed: %m", as Dovecot's own errors are
SYSTEM_CALL = re.compile(r"\w+\([^)]*\) failed: ")


def is_for_people(text):
    return (WORDS.search(text.text) and text.call not in FUNCTIONS
            and text.text not in NAMES and not SYSTEM_CALL.match(text.text)
            and not any(str(text.path).startswith(path) for path in FILES))


def test_each_text_is_documented():
    lines = "\n".join(line for _, line in documented_lines())
    unused = set(TEXTS)
    for text in texts():
        first_line = text.text.strip().split("\n")[0].strip()
        if first_line in TEXTS:
            unused.discard(first_line)
        elif is_for_people(text) and not text.pattern.search(lines):
            failures.append(f"{text}\n  is in no document")
    for text in sorted(unused):
        failures.append(f"undocumented.py has a text that no source has: {text}")


def test_each_documented_line_is_said():
    parts = {part for text in texts() for part in text.parts}
    said = "\n".join(parts)
    whole = SEPARATORS | {other for other in DOVECOTS if "\\" not in other}
    for part in parts:
        whole |= {form for form in (part, part.lstrip(" :"), part.rstrip(" :"), part.strip(" :"))
                  if len(form) > 1}
    for document, line in documented_lines():
        for piece in line.split(ANYTHING):
            if not is_said(piece, said, whole):
                failures.append(f"{document}: {line.replace(ANYTHING, '<...>')}\n"
                                f"  the source says nowhere: {piece!r}")


def is_said(piece, said, whole):
    """By one text, or by several, or whole ones, one after the other."""
    piece = piece.strip(" :")
    if piece in said or any(re.fullmatch(other, piece) for other in DOVECOTS):
        return True
    reached = {0}
    for start in range(len(piece)):
        if start in reached:
            reached.update(start + len(part) for part in whole if piece.startswith(part, start))
    return len(piece) in reached


# Pages

def anchors(text):
    """Of a page's headings, as Markdown makes them."""
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
            for heading in re.findall(r"^#+ (.*)", text, re.M)}


def test_links():
    """They lead somewhere, and README names each page."""
    readme = (ROOT / "README").read_text()
    for page in ROOT.glob("doc/*.md"):
        expect(f"doc/{page.name} " in readme, f"README: no {page.name}")
        for link in re.findall(r"\]\(([^)]+)\)", page.read_text()):
            name, _, anchor = link.partition("#")
            target = page.parent / name if name else page
            if re.match(r"\w+:", link):
                continue
            expect(target.exists(), f"{page.name}: there is no {link}")
            expect(not anchor or target.exists() and anchor in anchors(target.read_text()),
                   f"{page.name}: there is no {link}")
    for name in re.findall(r"doc/[\w./-]*\w", readme):
        expect((ROOT / name).exists(), f"README: there is no {name}")


# What may be called a directory: terms, what others say, and where one looks up certificates
DIRECTORIES = re.compile(r"""
    (?:home|working|root|control|queue|LDAP|Web\ Key|such\ file\ or|Not\ a|not\ found\ from)
    \ director(?:y|ies) | textfile\.directory | \ directory=
    | such\ directory | directory\ that\ you\ alone\ write | many\ directories | the\ directory\ of
    | ^Key\ Directories""", re.X | re.I)


def test_words():
    """One word for each thing: folder, recovery key."""
    documents = [ROOT / "README", *ROOT.glob("doc/*.md"), *ROOT.glob("man/*"),
                 *(path for path in ROOT.glob("conf.d-examples/**/*") if path.is_file())]
    lines = [(str(path.relative_to(ROOT)), line) for path in documents
             for line in path.read_text().splitlines()]
    lines += [(f"{text.path}:{text.line}", text.text) for text in texts() if is_for_people(text)]
    for place, line in lines:
        expect(not re.search("(?i)director(y|ies)", DIRECTORIES.sub("", line)),
               f"{place}: a folder is called a directory: {line}")
        expect("additional key" not in line, f"{place}: the recovery key has one name: {line}")


def main():
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    for test in tests:
        test()
    for failure in failures:
        print(failure)
    print(f"{len(failures)} failures; how texts are documented, tests/unit/test-documents.py says"
          if failures else "Source and documents agree.")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
