# Spam training with mail_seal: copy to /etc/dovecot/sieve/learn-spam.sieve, and
# run "sievec" on it. 92-mail-seal-junk.conf says when it runs.
require ["vnd.dovecot.pipe", "copy"];

# Sealed by this server or encrypted by its sender: all such messages look alike,
# and a filter that learns one as spam takes everybody's encrypted mail for spam.
# (Not "exists X-Mail-Seal": spam could have that field, too.)
if header :contains "Content-Type" ["multipart/encrypted", "enveloped-data"] {
    stop;
}

# The program has this name in sieve_pipe_bin_dir. Where all mail users share an
# uid, name the user: ["--spam", "--username", "${user}"], with
#   require ["environment", "variables"];
#   if environment :matches "imap.user" "*" { set "user" "${1}"; }
pipe :copy "sa-learn" ["--spam"];
