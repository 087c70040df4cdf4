"""mail-seal-daily, which cron or a timer runs: what it does, and where it does nothing."""

import contextlib
import os
import shutil
import subprocess

import pytest

import team
from another_build import installed_helper
from dovecot import Dovecot, User
from ports import free_port
from sandbox import wait_until
from seal_key import TEMPORARY, USAGE, set_key

DAILY = installed_helper().with_name("mail-seal-daily")
NAME = "Public/CERT"


@pytest.fixture(scope="module")
def soon(gnupg):
    return gnupg.generate("soon@example.org", expires="20d")


@pytest.fixture(scope="module")
def server(keys, soon):
    users = [User("alice", keys.alice.certificate), User("expiring", soon.certificate)]
    # where only root can write: others aren't found
    with Dovecot(users, parent="/var/lib", shared=True, groups={"CERT": "file:FOLDER/groups/keys.asc"}) as dovecot:
        (dovecot.folder / "groups").mkdir(mode=0o755)
        team.make(dovecot, "CERT")
        yield dovecot


def daily(server, *configs, before="", default="dovecot.conf"):
    """Exit status and lines; with the server's configuration as the machine's own."""
    with server.sandbox.mounted_over(server.folder / default, "/etc/dovecot/dovecot.conf"):
        done = server.sandbox.run("sh", "-c", f'{before} exec "$0" "$@"', DAILY, *configs,
                                  check=False, stdin=subprocess.DEVNULL)
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
    status, lines = daily(server, before=doveadm + ' . "$0"; exit;')
    assert (status, member(server)) == (75, new), lines


def test_without_dovecots_programs(server):
    """As by cron, whose PATH is short, where Dovecot is in /usr/local."""
    status, lines = daily(server, before="PATH=/nowhere;")
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


# Several instances

@contextlib.contextmanager
def second_instance(server, user, name="second"):
    """Beside it, with a configuration, sockets and a user of its own."""
    config = (server.folder / "dovecot.conf").read_text()
    folder = server.folder / name
    folder.mkdir(exist_ok=True)
    users = folder / "users"
    users.write_text("".join(line + "\n" for line in server.site.users_file.read_text().splitlines()
                             if line.startswith(f"{user}:")))
    for old, new in ((f"base_dir = {server.folder}/run", f"base_dir = {folder}/run"),
                     (str(server.site.users_file), str(users)),
                     (f"port = {server.site.imap_port}", f"port = {free_port()}")):
        assert old in config
        config = config.replace(old, new)
    (folder / "dovecot.conf").write_text(config + f"instance_name = {name}\n")
    process = server.sandbox.start("dovecot", "-F", "-c", folder / "dovecot.conf",
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert wait_until((folder / "run" / "master.pid").exists)
    try:
        yield folder / "dovecot.conf"
    finally:
        server.sandbox.run("doveadm", "-c", folder / "dovecot.conf", "stop", check=False)
        process.wait(timeout=60)


def forget_notices(server, user):
    server.empty(user)
    for file in server.state_files(user):
        file.unlink()


def told(lines):
    """Who was told that his certificate expires."""
    return [line.split()[0] for line in lines if "expir" in line]


def test_two_instances(server, gnupg):
    """Each has its own users; who is in both is told once."""
    forget_notices(server, "expiring")
    with second_instance(server, "expiring"), extra(server, "expiring", drop=True):
        status, lines = daily(server)
        assert (status, told(lines)) == (0, ["expiring"]), lines
        status, lines = daily(server)
        assert (status, told(lines)) == (0, [])
    forget_notices(server, "expiring")
    with second_instance(server, "expiring"):
        status, lines = daily(server)
        assert (status, told(lines)) == (0, ["expiring"]), lines


def test_named_instances(server, gnupg):
    forget_notices(server, "expiring")
    with second_instance(server, "expiring") as second, extra(server, "expiring", drop=True):
        assert daily(server, server.folder / "dovecot.conf") == (0, [])
        status, lines = daily(server, second)
        assert (status, told(lines)) == (0, ["expiring"]), lines


def test_default_is_not_running(server, gnupg):
    """And the other one is."""
    forget_notices(server, "expiring")
    with second_instance(server, "expiring"):
        server.stop()
        try:
            status, lines = daily(server)
        finally:
            server.start()
    assert (status, told(lines)) == (0, ["expiring"]), lines


ASKED = "doveconf", "doveadm"


@pytest.fixture(scope="module")
def remembered(server):
    """The base_dir of an instance that has run once, and is gone."""
    with second_instance(server, "expiring", "gone") as config:
        pass
    return config.parent / "run"


@pytest.mark.parametrize("fault", [None, "folder", "above", "configuration", "group", "link",
                                   "writable link", "sockets", "pid", "text"])
def test_folder_that_somebody_made_again(server, remembered, fault):
    """Its configuration could have root load anything: it isn't read."""
    folder, above = remembered, remembered.parent
    config = above / "elsewhere" / "dovecot.conf"
    shutil.rmtree(above)
    for made in (folder, config.parent, above / "sockets"):
        made.mkdir(parents=True, exist_ok=True, mode=0o755)
    master = (server.folder / "run" / "master.pid").read_text()
    base_dir = above / "sockets" if fault == "sockets" else folder
    (base_dir / "master.pid").write_text({"pid": "1\n", "text": "../1\n"}.get(fault, master))
    config.write_text((server.folder / "dovecot.conf").read_text().replace(
        f"base_dir = {server.folder}/run", f"base_dir = {base_dir}"))
    (folder / "dovecot.conf").symlink_to(above / "link" if "link" in str(fault) else config)
    if fault == "group":
        config.chmod(0o664)
    elif fault == "link":
        (above / "link").symlink_to(config)
    elif fault == "writable link":
        (above / "open").mkdir()
        (above / "open").chmod(0o1777)
        (above / "open" / "link").symlink_to(config)
        (above / "link").symlink_to("open/link")
    theirs = {"folder": folder, "above": above, "configuration": config,
              "sockets": above / "sockets"}.get(fault)
    if theirs:
        os.chown(theirs, server.uid("alice"), server.uid("alice"))
    asked = server.folder / "asked"
    asked.write_text("")
    wrapped = "".join(f'{name}() {{ echo "{name} $*" >>{asked}; command {name} "$@"; }}; '
                      for name in ASKED)
    _, lines = daily(server, before=wrapped + '. "$0"; exit;')
    conf = above / "link" if "link" in str(fault) else config
    programs = {line.split()[0] for line in asked.read_text().splitlines()
                if f"-c {conf} " in line}
    if fault in (None, "link"):
        assert programs == set(ASKED)
    elif fault in ("sockets", "pid", "text"):
        assert programs == {"doveconf"}
    else:
        assert programs == set(), lines
        assert str(folder) in "".join(lines)


def test_default_configuration_of_somebody(server, gnupg):
    """As a container can have it, from outside. Root's other commands read it, too."""
    new = enrol_again(server, gnupg)
    os.chown(server.folder / "dovecot.conf", server.uid("alice"), server.uid("alice"))
    try:
        assert daily(server)[0] == 0
    finally:
        server.write_config()
    assert member(server) == new


# Proxies

@contextlib.contextmanager
def extra(server, user, fields="", drop=False):
    """The passdb says that of him, or has no such user."""
    before = server.site.users_file.read_text()
    server.site.users_file.write_text("".join(
        (line + " " + fields if line.startswith(f"{user}:") else line) + "\n"
        for line in before.splitlines() if not drop or not line.startswith(f"{user}:")))
    server.reload()
    try:
        yield
    finally:
        server.site.users_file.write_text(before)
        server.reload()


@contextlib.contextmanager
def more(server, text):
    server.write_config(text)
    server.reload()
    try:
        yield
    finally:
        server.write_config()
        server.reload()


@pytest.mark.parametrize("port", ["doveadm_port = 24245\n", "doveadm_port = 0\n"])
def test_proxy_for_some(server, gnupg, port):
    """Who is on another server is told there. Who is here is told here."""
    new = enrol_again(server, gnupg)
    forget_notices(server, "expiring")
    with more(server, port + "doveadm_password = secret\nlmtp_proxy = yes\n"):
        with extra(server, "expiring", "proxy=y host=127.0.0.9"):
            status, lines = daily(server)
            assert status == 0 and told(lines) == [], lines
            assert member(server) == new
        status, lines = daily(server)
        assert (status, told(lines)) == (0, ["expiring"]), lines


@pytest.mark.parametrize("port", ["doveadm_port = 24245\n", "doveadm_port = 0\n"])
@pytest.mark.parametrize("by", ["script", "command"])
def test_member_elsewhere(server, gnupg, port, by):
    """The team is here, and so is one whose namespaces it is in."""
    new = enrol_again(server, gnupg)
    with more(server, port + "doveadm_password = secret\nlmtp_proxy = yes\n"), \
            extra(server, "alice", "proxy=y host=127.0.0.9"):
        if by == "script":
            status, lines = daily(server)
            assert status == 0, lines
        else:
            server.doveadm("seal", "group", "sync", "-u", "expiring")
    assert member(server) == new


@pytest.mark.parametrize("port", ["doveadm_port = 24245\n", "doveadm_port = 0\n"])
def test_proxy_for_all(server, gnupg, port):
    """Nothing is done, and nothing said."""
    enrol_again(server, gnupg)
    stale = member(server)
    forget_notices(server, "expiring")
    with more(server, port + "doveadm_password = secret\nlmtp_proxy = yes\n"), \
            extra(server, "expiring", "proxy=y host=127.0.0.9"), \
            extra(server, "alice", "proxy=y host=127.0.0.9"):
        assert daily(server) == (0, [])
    assert member(server) == stale


def test_only_proxy(server, gnupg):
    """mail_seal is only in doveadm, which passes commands on: nobody is asked for."""
    server.site.mail_seal = False
    try:
        with more(server, "doveadm_port = 24245\nlmtp_proxy = yes\n"
                  "protocol doveadm {\n  mail_plugins = mail_seal\n}\n"):
            assert daily(server) == (0, [])
    finally:
        server.site.mail_seal = True
        server.write_config()
        server.reload()


def test_local_is_for_many(server):
    for arguments in (["-u", "alice"], ["-A", *server.doveadm_server]):
        done = server.doveadm("seal", "key", "notify", "--local", *arguments, check=False)
        assert done.returncode == USAGE and b"--local" in done.stderr


@pytest.mark.parametrize("command", [["group", "list"], ["group", "add", NAME, "alice"],
                                     ["status", "--public"], ["key", "set", "--from-dir", "/srv"]],
                         ids=" ".join)
def test_stopped(server, command):
    """Dovecot 2.3 lists all users for each command with more than one."""
    server.stop()
    try:
        done = server.doveadm("seal", *command, check=False)
    finally:
        server.start()
    assert b"Panic" not in done.stderr and b"backtrace" not in done.stderr, done.stderr
    # 2.4 has nothing to ask for an empty folder
    assert done.returncode >= 0


@pytest.mark.parametrize("local", [["--local"], []], ids=["local", "all"])
@pytest.mark.parametrize("fault", ["no listing", "stopped"])
def test_no_viewer_can_be_found(server, local, fault):
    """That isn't as if there were none here."""
    away = server.site.users_file.with_name("away")
    if fault == "stopped":
        server.stop()
    else:
        server.site.users_file.rename(away)
    try:
        done = server.doveadm("seal", "group", "sync", *local, check=False)
    finally:
        if fault == "stopped":
            server.start()
        else:
            away.rename(server.site.users_file)
    assert done.returncode == TEMPORARY, done.stderr
    assert b"Can't list all users" in done.stderr and b"Panic" not in done.stderr


def test_socket_isnt_for_us(server):
    """The sentence says that, and not that Dovecot isn't running."""
    socket = server.folder / "run" / "auth-userdb"
    mode = socket.stat().st_mode
    socket.chmod(0o600)
    uid = server.uid("alice")
    try:
        done = server.sandbox.run(
            "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "doveadm",
            "-c", server.folder / "dovecot.conf", "seal", "status", "-A", check=False)
    finally:
        socket.chmod(mode)
    assert done.returncode == TEMPORARY and \
        b"Can't list all users: Dovecot doesn't answer: Permission denied" in done.stderr
