"""Texts of the source that needn't be in a document, each with the reason (test-documents.py)."""

# Functions whose texts people don't get to see, or see beside what they did
FUNCTIONS = {
    **dict.fromkeys(("pool_alloconly_create", "mailbox_transaction_begin", "_Static_assert",
                     "mail_get_stream_because", "mail_cache_purge"), "a name for debugging"),
    **dict.fromkeys(("g_str_has_prefix", "strstr", "strlen"), "is compared"),
    **dict.fromkeys(("i_panic", "i_assert", "e_debug"), "for developers"),
    **dict.fromkeys(("i_fatal_status", "usage_error", "public_usage", "doveadm_seal_key_usage",
                     "bad_parameter", "DOVEADM_CMD_MAIL_USAGE_PREFIX",
                     "DOVEADM_SEAL_JOBS_USAGE"),
                    "wrong usage: it is answered at once, and the manual has the right one"),
    **dict.fromkeys(("head", "gauge"), "the metrics' own words, beside them in the output"),
}

FILES = {
    "src/doveadm/doctor/": "each line says itself what to do",
    "src/seal/detect/": "is looked for in messages",
    "src/seal/format/envelope.c": "of the sealed message",
    "src/seal/format/pgp-mime.c": "of the sealed message",
    "src/seal/format/smime.c": "of the sealed message",
    "src/seal/message/header-protect.c": "of the sealed message",
}

# What others say in a documented line, Dovecot and the system: regular expressions
DOVECOTS = {
    "Mailbox", "(?:Mailbox INBOX: )?Saving mail: save: read\\(mail_seal\\) failed",
    "mail_seal", "mail_seal_", "Failed to expand plugin setting mail_seal_(?:exclude)?",
    "Module is for different ABI version", "Plugin 'mail_seal' not found from directory",
    "Unknown setting: mail_seal_",
    "save failed: Mail size is larger than the maximum size allowed by server configuration",
}

FORMAT = "of a file or a protocol that only mail_seal reads"
NAME = "a name that goes into a documented text"
MESSAGE = "of a message or looked for in one"
PROGRESS = "how far it is, on a terminal"

# The first line of each
TEXTS = {
    "validator iterator": "libunbound's",
    "userSMIMECertificate userCertificate;binary pgpKey": "a default of the LDAP file",
    "mail_seal copies 1": FORMAT,
    "pending 1": FORMAT,
    "mail-seal: withdrawn": FORMAT,
    "mail-seal-state 1": FORMAT,
    "withdrawn-before %s": FORMAT,
    "mail-seal-declined 1": FORMAT,
    "mail-seal-facts 1": FORMAT,
    "input %s": FORMAT,
    "gpg (GnuPG) 2.2.20": FORMAT,
    "[GNUPG:] FAILURE %s%u": FORMAT,
    "[GNUPG:] SUCCESS %s%d": FORMAT,
    "certificates 000000": FORMAT,
    "mail-seal-exec: %s%s": "its texts are documented one by one",
    "# HELP %s %s": "the form of metrics",
    "-u <user>|-A|-F <file> --as openpgpkey|smimea|wkd [--to <folder>] [--domain <domain>]"
    " [--direct]": "usage",
    ", %lu s left": PROGRESS,
    ", %lu min left": PROGRESS,
    "user %u of %u,": PROGRESS,
    "%s: %s/%s messages, %.1f/%.1f MB, %.1f MB/s": PROGRESS,
    "; %s sealed before, %.1f MB": PROGRESS,
    "new old": "values of a column",
    "doveadm-server for %s": NAME,
    "uid %s": NAME,
    "doveadm(%s): Info: %s": "Dovecot's form",
    "; and %u more": "the end of a list of certificates",
    "an unknown time": NAME,
    "mail_seal: in no block": NAME,
    "a dict-ro: source": NAME,
    "a GnuPG keyring": NAME,
    "it is too short": "a temporary file that somebody has cut; its text says the rest",
    "none given": "the kernel's reason",
    "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=\"": MESSAGE,
    "application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"": MESSAGE,
    "X-Mail-Seal: v=1;": MESSAGE,
    "Date: %s": MESSAGE,
    "Message-ID: %s": MESSAGE,
    "Subject: trial": MESSAGE,
}
