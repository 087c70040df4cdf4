# Spam training with mail_seal: copy to /etc/dovecot/sieve/learn-ham.sieve, and
# run "sievec" on it. 92-mail-seal-junk.conf says when it runs.
require ["vnd.dovecot.pipe", "copy", "environment", "imapsieve"];

# Ciphertext; see learn-spam.sieve. A message that leaves an excluded Junk is
# sealed by that, so nothing is learnt from those of users with a key.
if header :contains "Content-Type" ["multipart/encrypted", "enveloped-data"] {
    stop;
}

# Thrown away isn't wanted.
if environment :is "imap.mailbox" "Trash" {
    stop;
}

pipe :copy "sa-learn" ["--ham"];
