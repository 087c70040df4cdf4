"""Texts of the source that needn't be in a document, each with the reason (test-documents.py)."""

# Functions whose texts people don't get to see, or see beside what they did
FUNCTIONS = {
    **dict.fromkeys(("pool_alloconly_create", "mailbox_transaction_begin", "_Static_assert",
                     "mail_get_stream_because", "mail_cache_purge"), "a name for debugging"),
    **dict.fromkeys(("g_str_has_prefix", "strstr", "strlen"), "is compared"),
    **dict.fromkeys(("i_panic", "i_assert", "e_debug"), "for developers"),
    **dict.fromkeys(("i_fatal_status", "usage_error", "public_usage", "doveadm_seal_key_usage",
                     "bad_parameter", "DOVEADM_CMD_MAIL_USAGE_PREFIX"),
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

# What others say in a documented line
DOVECOTS = {
    "Mailbox", "Saving mail", "save", "read(mail_seal) failed", "mail_seal", "mail_seal_",
    "Failed to expand plugin setting mail_seal_",
}

TEXTS = {
}
