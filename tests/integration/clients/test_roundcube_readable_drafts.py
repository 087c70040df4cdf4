"""Roundcube whose sessions' drafts stay readable: 93-mail-seal-webmail.conf."""

import pytest

import mail
from config import EXAMPLES
from dovecot import dovecot_version
from letters import SUBJECT, TEXT
from mailhost import MAILBOXES
from roundcube import Roundcube
from webmail import Webmails
from webmail_host import NEEDLE, sealed_draft, text_of, uid_in, webmail_host

ADDRESS = "127.0.0.9"
TELLS = "192.0.2.77"                 # the browser's, as such plugins have it
FOLDER = EXAMPLES / ("" if dovecot_version().startswith("2.3") else "dovecot-2.4")
EXAMPLE = (FOLDER / "93-mail-seal-webmail.conf").read_text().replace("192.0.2.10", ADDRESS)
FROM_THERE = {"draft_autosave": 1, "imap_conn_options": {"socket": {"bindto": f"{ADDRESS}:0"}}}

# A plugin of the kind that the example warns of.
TELLER = """<?php
class teller extends rcube_plugin
{
    function init()
    {
        $this->add_hook('storage_connect', function ($args) {
            $args['preauth_ident'] = ['name' => 'Roundcube', 'x-originating-ip' => '%s'];
            return $args;
        });
    }
}
""" % TELLS


@pytest.fixture(scope="module")
def host(owners):
    with webmail_host(owners, more=MAILBOXES + EXAMPLE
                      + f"login_trusted_networks = {ADDRESS}\n") as host:
        yield host


@pytest.fixture(autouse=True)
def empty(host):
    host.empty(*host.users)


@pytest.fixture(params=["alice", "smime"])
def user(request):
    return request.param


@pytest.fixture(scope="module", params=[[], ["mail_seal"]], ids=["without", "with our plugin"])
def webmail(request, host):
    with Roundcube(host, request.param, **FROM_THERE) as roundcube, \
            Webmails(roundcube) as webmail:
        yield webmail


def test_draft_goes_on(host, webmail, user, owners):
    """Written, left, opened again, and sent."""
    owner = webmail(user)
    owner.compose("friend@example.net", SUBJECT, TEXT)
    owner.saved()
    assert not mail.is_sealed(host.message(user, "Drafts"))
    owner.leave()
    opened = owner.edit_draft()
    assert opened["body"].strip() == TEXT
    owner.type("Dear friend, ")
    owner.wait("return rcmail.env.draft_id != arguments[0]", opened["draft"])
    owner.saved()
    assert "Dear friend, " + NEEDLE in text_of(host.message(user, "Drafts"))
    owner.send()
    assert "Dear friend, " + NEEDLE in text_of(webmail.roundcube.sink.only())
    assert host.messages(user, "Drafts") == []
    assert NEEDLE.encode() in owners.unsealed(user, host.message(user, "Sent"))


def test_draft_of_another_program(host, webmail, user):
    """That is sealed: only with our plugin it is safe."""
    owner = webmail(user)
    old = sealed_draft(host, user)
    owner.go(action="compose", mbox="Drafts", draft_uid=uid_in(host, user, "Drafts"))
    if webmail.roundcube.has("mail_seal"):
        owner.refused()
        assert host.message(user, "Drafts") == old
    else:
        opened = owner.composed()
        assert opened["body"].strip() == ""
        owner.type("Dear")
        owner.wait("return rcmail.env.draft_id != arguments[0]", opened["draft"])
        owner.saved()
        assert old not in host.messages(user, "Drafts")


def test_program_that_tells_the_browsers_address(host, owners):
    """To who trusts it: the block never applies. With our plugin nothing is lost."""
    with Roundcube(host, ["teller", "mail_seal"], own={"teller": TELLER}, **FROM_THERE) \
            as roundcube, Webmails(roundcube) as webmail:
        alice = webmail("alice")
        alice.compose("friend@example.net", SUBJECT, TEXT)
        uid = alice.saved()
        old = host.message("alice", "Drafts")
        assert NEEDLE.encode() in owners.unsealed("alice", old)
        alice.leave()
        alice.go(action="compose", mbox="Drafts", draft_uid=uid)
        alice.refused()
        assert host.message("alice", "Drafts") == old
