"""What the tests of the provider do and ask again and again."""

import mail
import notices

MESSAGE = mail.text(mail.CANARY + b"\r\n")


def set_key(instance, user, key, *options):
    return instance.doveadm("seal", "key", "set", "-u", user, "-f", "-", *options,
                            input=key.certificate)


def letters(server, user, mailbox="INBOX"):
    """The messages that mail_seal hasn't written itself."""
    return [stored for stored in server.messages(user, mailbox) if not notices.is_notice(stored)]


def deliver(instance, *users, message=MESSAGE):
    """One LMTP transaction with this proxy or back end; its replies."""
    with instance.lmtp() as client:
        return client.deliver(message, *users)


def check_next(provider, user, *keys):
    """What comes to the user now is sealed to these; or, if there are none, as it came."""
    [reply] = deliver(provider.proxy, user)
    assert reply.code == 250, reply
    stored = letters(provider, user)[-1]
    if keys:
        mail.check_sealed(stored, MESSAGE, None, *keys)
    else:
        mail.check_unchanged(stored, MESSAGE)
