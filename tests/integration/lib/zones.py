"""A name server with signed zones of its own, below a root of its own: NSD and ldns's tools.

All zones are in one server, which answers for whatever is asked: to libunbound, which is told to
ask it, it is what a provider's resolver is.
"""

import hashlib
import re
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from network import loopback
from ports import free_port
from sandbox import wait_until

OPENPGPKEY, SMIMEA = 61, 53
FULL_CERTIFICATE = bytes([3, 0, 0])  # usage, selector, matching type
LABELS = {OPENPGPKEY: "_openpgpkey", SMIMEA: "_smimecert"}
PAST = ("-i", "20200101", "-e", "20200201")  # of ldns-signzone
FUTURE = ("-i", "20900101", "-e", "20910101")


def owner_name(address, rrtype):
    """Where RFC 7929 and RFC 8162 look for an address."""
    local_part, domain = address.rsplit("@", 1)
    digest = hashlib.sha256(local_part.encode()).digest()[:28]
    return f"{digest.hex()}.{LABELS[rrtype]}.{domain.encode('idna').decode()}."


def record(name, rrtype, data):
    """A line with data as bytes, whatever the type."""
    return f"{name} 60 IN TYPE{rrtype} \\# {len(data)} {data.hex()}\n"


class Zone:
    def __init__(self, folder, name, flags, ds):
        self.name = name             # with its final dot
        self.folder = folder
        self.flags = flags           # of ldns-signzone; None: not signed
        self.ds = ds                 # how the parent vouches for it
        self.lines = f"{name} 60 IN SOA ns.example. root.example. 1 60 60 60 60\n" \
                     f"{name} 60 IN NS ns.example.\n"
        self.forged = []             # (what to replace in the signed zone, by what)
        if flags is not None:
            self.key = self._run("ldns-keygen", "-a", "ECDSAP256SHA256", "-k", name).strip()

    def publish(self, address, rrtype, data):
        self.lines += record(owner_name(address, rrtype), rrtype, data)

    def alias(self, address, rrtype, target, target_type="CNAME"):
        self.lines += f"{owner_name(address, rrtype)} 60 IN {target_type} {target}\n"

    def key_ds(self):
        """The DS record of its key."""
        return self._run("ldns-key2ds", "-n", "-2", f"{self.key}.key")

    def key_record(self):
        """Its DNSKEY record."""
        return (self.folder / f"{self.key}.key").read_text()

    def write(self):
        """The file to serve."""
        plain = self.folder / f"{self.name}zone"
        plain.write_text(self.lines)
        if self.flags is None:
            return plain
        signed = Path(f"{plain}.signed")
        self._run("ldns-signzone", *self.flags, "-f", signed, plain, self.key)
        for old, new in self.forged:
            text = signed.read_text()
            assert re.search(old, text), old
            signed.write_text(re.sub(old, new, text))
        return signed

    def _run(self, *command):
        done = subprocess.run(list(map(str, command)), cwd=self.folder, capture_output=True,
                              text=True, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout


class NameServer:
    """To be filled with zones, then started."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mail-seal-zones-"))
        self.folder.chmod(0o755)
        self.port = free_port()
        self.resolver_address = None  # where it is at DNS's own port, too
        self.zones = {}
        self._process = None
        self.root = self.zone(".")
        self.zone("example.").lines += "ns.example. 60 IN A 127.0.0.1\n"

    def zone(self, name, flags=(), ds="own"):
        """A zone below one that is there.

        The parent has the DS record of its key ("own"), of another's ("other"), of an algorithm
        nobody knows ("unknown"), or none ("").
        """
        assert name.endswith(".")
        zone = self.zones[name] = Zone(self.folder, name, flags, ds)
        if name != ".":
            parent = self.zones[name.partition(".")[2] or "."]
            parent.lines += f"{name} 60 IN NS ns.example.\n" + self._delegation(zone)
        return zone

    def _delegation(self, zone):
        if zone.flags is None or not zone.ds:
            return ""
        line = zone.key_ds()
        if zone.ds == "own":
            return line
        name, ttl, klass, rrtype, tag, algorithm, digest, data = line.split()
        if zone.ds == "unknown":
            algorithm = "250"
        else:
            data = hashlib.sha256(data.encode()).hexdigest()
        return " ".join((name, ttl, klass, rrtype, tag, algorithm, digest, data)) + "\n"

    def anchor(self, text=None):
        """A file with the root's key, or with this text."""
        file = self.folder / f"anchor-{len(list(self.folder.glob('anchor-*')))}"
        file.write_text(self.root.key_ds() if text is None else text)
        return file

    @property
    def address(self):
        return f"127.0.0.1@{self.port}"

    def start(self):
        reserved, self.resolver_address = loopback(socket.SOCK_DGRAM, 53)
        reserved.close()
        zones = "".join(f'zone:\n  name: "{zone.name}"\n  zonefile: "{zone.write()}"\n'
                        for zone in self.zones.values())
        config = self.folder / "nsd.conf"
        config.write_text(f"""server:
  ip-address: 127.0.0.1@{self.port}
  ip-address: {self.resolver_address}@53
  server-count: 1
  username: ""
  zonesdir: "{self.folder}"
  zonelistfile: "{self.folder}/zone.list"
  xfrdfile: "{self.folder}/xfrd.state"
  xfrdir: "{self.folder}"
  pidfile: "{self.folder}/nsd.pid"
  logfile: "{self.folder}/log"
remote-control:
  control-enable: no
{zones}""")
        self._process = subprocess.Popen(["nsd", "-d", "-c", config], stdout=subprocess.DEVNULL,
                                         stderr=subprocess.DEVNULL)
        answers = wait_until(self._answers)
        log = (self.folder / "log").read_text()
        assert answers and "error:" not in log, log

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except OSError:
            return False
        return b"NOERROR" in subprocess.run(
            ["drill", "-p", str(self.port), "@127.0.0.1", ".", "SOA"], capture_output=True,
            check=False).stdout

    def close(self):
        if self._process:
            self._process.terminate()
            self._process.wait(timeout=300)
        shutil.rmtree(self.folder, ignore_errors=True)
