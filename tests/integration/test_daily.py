"""mail-seal-daily, which cron or a timer runs: what it does, and where it does nothing."""

import subprocess

import pytest

import team
from another_build import installed_helper
from dovecot import Dovecot, User
from seal_key import set_key

DAILY = installed_helper().with_name("mail-seal-daily")
NAME = "Public/CERT"


@pytest.fixture(scope="module")
def soon(gnupg):
    return gnupg.generate("soon@example.org", expires="20d")


@pytest.fixture(scope="module")
def server(keys, soon):
    users = [User("alice", keys.alice.certificate), User("expiring", soon.certificate)]
    with Dovecot(users, shared=True, groups={"CERT": "file:FOLDER/groups/keys.asc"}) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        team.make(dovecot, "CERT")
        yield dovecot


def daily(server, before=""):
    """Exit status and lines; with the server's configuration as the machine's own."""
    config = server.folder / "dovecot.conf"
    with server.sandbox.mounted_over(config, "/etc/dovecot/dovecot.conf"):
        done = server.sandbox.run("sh", "-c", f'{before} exec "$0"', DAILY, check=False,
                                  stdin=subprocess.DEVNULL)
    return done.returncode, (done.stdout + done.stderr).decode().splitlines()


def enrol_again(server, gnupg):
    """The team has a certificate of alice's that isn't hers any more."""
    server.doveadm("seal", "group", "add", NAME, "alice")
    new = gnupg.generate("alice@example.org")
    assert set_key(server, "alice", new.certificate).returncode == 0
    return new.fingerprint


def member(server):
    [row] = server.doveadm_rows("seal", "group", "show", NAME)
    return row["fingerprint"]


def test_owners_are_told_and_teams_are_synced(server, gnupg):
    new = enrol_again(server, gnupg)
    status, lines = daily(server)
    assert status == 0, lines
    assert [line for line in lines if line.startswith("expiring ")], lines
    assert [line for line in lines if NAME in line and "changed" in line], lines
    assert member(server) == new
    assert daily(server) == (0, [])


def test_one_fails_and_the_other_is_done(server, gnupg):
    """As where users can't be listed: the status says so."""
    new = enrol_again(server, gnupg)
    doveadm = 'doveadm() { case $* in *notify*) return 75 ;; *) command doveadm "$@" ;; esac; };'
    status, lines = daily(server, doveadm + ' . "$0"; exit;')
    assert (status, member(server)) == (75, new), lines


def test_without_dovecots_programs(server):
    """As by cron, whose PATH is short, where Dovecot is in /usr/local."""
    status, lines = daily(server, "PATH=/nowhere;")
    assert status == 1 and "doveconf" in "".join(lines), lines


@pytest.mark.parametrize("how", ["without the plugin", "broken", "stopped"])
def test_nothing_is_done(server, gnupg, how):
    enrol_again(server, gnupg)
    stale = member(server)
    try:
        if how == "without the plugin":
            server.site.mail_seal = False
            server.write_config()
        elif how == "broken":
            server.write_config("mail_temp_dir = {{{\nno such setting\n")
        else:
            server.stop()
        assert daily(server) == (0, [])
    finally:
        server.site.mail_seal = True
        server.write_config()
        if how == "stopped":
            server.start()
    assert member(server) == stale
