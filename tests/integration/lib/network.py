"""What a sandbox sees of the world: a name server of its own, and its own authorities for HTTPS."""

import contextlib
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from sandbox import wait_until
from x509 import CA_CONFIG, openssl

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
ROOT = """$ORIGIN .
$TTL 60
@ SOA ns.test. admin.test. 1 60 60 60 60
@ NS ns.test.
ns.test. A {address}
"""
NSD = """
server:
  ip-address: {address}
  port: 53
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  database: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: ""
  xfrdir: "{folder}"
  logfile: "{folder}/nsd.log"
remote-control:
  control-enable: no
zone:
  name: "."
  zonefile: "root.zone"
"""


def loopback(kind=socket.SOCK_STREAM, port=443):
    """A socket at this port of a loopback address that nobody else has, and the address."""
    for _ in range(100):
        address = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}.{random.randint(1, 254)}"
        made = socket.socket(socket.AF_INET, kind)
        try:
            made.bind((address, port))
        except OSError:
            made.close()
            continue
        return made, address
    raise RuntimeError(f"port {port} is taken on all of the loopback network")


class Network:
    """Its name server knows all names that there are."""

    def __init__(self, sandbox):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-network-"))
        self.folder.chmod(0o755)
        self.authority = Authority(self.folder)
        self.sandbox = sandbox
        self._shown = []
        self._nsd = None
        self.name_server = None
        self._bundle = self._show(BUNDLE, self.authority.certificate_file.read_text())
        self._resolv = self._show("/etc/resolv.conf", "")
        self._show("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
        self._show("/etc/hosts", f"127.0.0.1 localhost {socket.gethostname()}\n")

    def close(self):
        if self._nsd:
            self._nsd.terminate()
            self._nsd.wait(timeout=300)
        for path in self._shown:
            self.sandbox.run("umount", "--lazy", path)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _show(self, path, text):
        copy = self.folder / path.strip("/").replace("/", "-")
        copy.write_text(text)
        copy.chmod(0o644)
        self.sandbox.mount_over(copy, path)
        self._shown.append(path)
        return copy

    def names(self, lines, failing=()):
        """Start a name server for all of the world: lines of a zone file. Below `failing` domains
        it has nothing but failures."""
        reserved, self.name_server = loopback(socket.SOCK_DGRAM, 53)
        (self.folder / "root.zone").write_text(
            ROOT.format(address=self.name_server) + "".join(f"{line}\n" for line in lines))
        # a secondary that has never heard of its primary
        config = NSD.format(address=self.name_server, folder=self.folder) + "".join(
            f'zone:\n  name: "{name}"\n  request-xfr: AXFR 127.0.0.1@1 NOKEY\n' for name in failing)
        (self.folder / "nsd.conf").write_text(config)
        reserved.close()
        self._nsd = subprocess.Popen(["nsd", "-d", "-c", str(self.folder / "nsd.conf")])
        self.ask(self.name_server)
        assert wait_until(self._answers), (self.folder / "nsd.log").read_text()

    def ask(self, name_server, search="."):
        """From now on the sandbox asks this one."""
        self._resolv.write_text(f"nameserver {name_server}\nsearch {search}\n")

    def _answers(self):
        return self.sandbox.run("getent", "ahosts", "ns.test", check=False).returncode == 0

    @contextlib.contextmanager
    def silent_name_server(self):
        """Meanwhile nobody answers, though somebody is there."""
        silent, address = loopback(socket.SOCK_DGRAM, 53)
        self.ask(address)
        try:
            yield
        finally:
            silent.close()
            self.ask(self.name_server)

    @contextlib.contextmanager
    def no_name_server(self):
        """Meanwhile nobody is there."""
        silent, address = loopback(socket.SOCK_DGRAM, 53)
        silent.close()
        self.ask(address)
        try:
            yield
        finally:
            self.ask(self.name_server)


class Authority:
    """Signs servers' certificates."""

    def __init__(self, folder, name="Test Authority"):
        self._folder = Path(tempfile.mkdtemp(dir=folder))
        self.key_file = self._folder / "authority.key"
        self.certificate_file = self._folder / "authority.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", self.key_file, "-subj", f"/CN={name}", "-days", 30,
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", self.certificate_file)

    def certificate(self, *hosts, dates=None, self_signed=False):
        """A file with a key and a certificate for these hosts; `dates` as in x509.EXPIRED."""
        folder = Path(tempfile.mkdtemp(dir=self._folder))
        file, key = folder / "server.pem", folder / "server.key"
        names = ",".join(f"DNS:{host}" for host in hosts)
        request = ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                   "-keyout", key, "-subj", "/CN=server", "-addext", f"subjectAltName={names}"]
        signer = [] if self_signed else ["-CA", self.certificate_file, "-CAkey", self.key_file]
        if dates:
            self._sign_dated(openssl(*request, "-new").stdout, file, *dates)
        else:
            openssl(*request, "-x509", "-days", 30, *signer, "-out", file)
        with file.open("ab") as together:
            together.write(key.read_bytes())
        return file

    def _sign_dated(self, request, file, start, end):
        config = file.with_name("ca.conf")
        config.write_text(CA_CONFIG.format(folder=file.parent) + "[all]\ncopy_extensions = copy\n")
        (file.parent / "index").touch()
        openssl("ca", "-batch", "-notext", "-config", config, "-keyfile", self.key_file,
                "-cert", self.certificate_file, "-in", "/dev/stdin", "-startdate", start,
                "-enddate", end, "-out", file, stdin=request)
