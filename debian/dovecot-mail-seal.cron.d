# Daily work of mail_seal: owners are told what is due, and teams get the
# certificates that members have changed. It does nothing where Dovecot hasn't
# mail_seal. Where systemd runs, mail-seal-daily.timer does it instead.
30 6 * * * root [ -d /run/systemd/system ] || [ ! -x /usr/lib/dovecot/mail-seal-daily ] || /usr/lib/dovecot/mail-seal-daily
