"""The add-on gives the server a key: from the click to sealed mail. With pictures of it."""

import pytest

import mail
from dovecot import User
from letters import MESSAGE, TEXT
from mailhost import MAILBOXES, MailHost
from sandbox import wait_until
from thunderbird import ADDON, FOLDERS, Thunderbird, policies

KEYS = "Certificates"
# Permissions are given when they are asked for.
PREFERENCES = {"extensions.webextOptionalPermissionPrompts": False}


@pytest.fixture
def host(tls, elsewhere):
    with MailHost([User("alice")], tls, elsewhere, seal={"mail_seal_keys_mailbox": KEYS},
                  more=MAILBOXES) as host:
        yield host


@pytest.fixture
def thunderbird(host, elsewhere, gnupg, keys):
    with Thunderbird(host, "alice", elsewhere, policies=policies(keysMailbox=KEYS),
                     preferences=PREFERENCES) as thunderbird:
        fingerprint = keys.alice.fingerprint
        thunderbird.call("addSecretKey", gnupg.export_secret(fingerprint).decode(), fingerprint)
        thunderbird.call("chooseKey", fingerprint)
        thunderbird.call("findFolders", FOLDERS)
        thunderbird.wait("hasAddon", ADDON)
        yield thunderbird


def left(host, mailbox):
    """Flags of what isn't marked as deleted, which Thunderbird expunges at its leisure."""
    with host.imap("alice") as client:
        client.select(mailbox)
        flags = [item["FLAGS"] for item in client.fetch("1:*", "FLAGS").values()]
    return [one for one in flags if b"\\Deleted" not in one]


def test_from_the_click_to_sealed_mail(host, thunderbird, elsewhere, keys, keep_picture):
    thunderbird.call("openAddonPage", ADDON, "pages/enrol.html")
    thunderbird.wait("addonText", "pages/enrol.html")
    keep_picture("addon-enrols", thunderbird.picture())
    thunderbird.call("pressInAddon", "pages/enrol.html", "own")
    said = wait_until(lambda: (text := thunderbird.call("addonText", "pages/enrol.html"))
                      and ("A message with a code comes" in text or "That failed" in text)
                      and text, 60, 0.5)
    assert said and "That failed" not in said, said
    assert len(host.messages("alice", KEYS)) == 1
    assert elsewhere.received == []
    assert not host.keys_file("alice").exists()
    thunderbird.call("closeSettings")

    assert "seal-" in thunderbird.open("INBOX")["body"]
    assert wait_until(lambda: thunderbird.call("mark", ADDON), 20, 0.5)
    thunderbird.call("pressMark", ADDON)
    thunderbird.call("pressInAddon", "pages/mark.html", "agree")
    assert wait_until(lambda: "The code is with the server" in
                      (thunderbird.call("addonText", "pages/mark.html") or ""), 60, 0.5)
    assert wait_until(host.keys_file("alice").exists)
    assert thunderbird.call("dialogs") == []
    assert wait_until(lambda: not left(host, "Drafts"), 30, 0.5)

    host.empty("alice")
    host.smtp(MESSAGE, "alice@example.org")
    host.postfix.wait_until_empty()
    assert mail.unseal(host.message("alice")).fingerprints == [keys.alice.fingerprint]
    assert thunderbird.open("INBOX")["body"] == TEXT
    assert wait_until(lambda: thunderbird.call("mark", ADDON), 20, 0.5)
    keep_picture("addon-mark", thunderbird.picture())
