"""The rest of the world as a mail server sees it, on the loopback interface.

Other domains in zones signed with DNSSEC, a resolver that validates them, and
one mail server for all of these domains that keeps what it gets.
"""

import hashlib
import os
import ssl
import subprocess
from dataclasses import dataclass

from aiosmtpd.controller import Controller

from certificates import Authority
from sandbox import wait_until

ADDRESS = "127.0.0.2"


@dataclass(frozen=True)
class Domain:
    name: str
    tlsa: str = ""                   # "" none, "right", "wrong"


DOMAINS = (Domain("example.net", "right"), Domain("example.com"), Domain("example.edu"),
           Domain("wrong.example", "wrong"))


class Elsewhere:
    """Started once; a sandbox that is to live in this world is given to show()."""

    def __init__(self, folder):
        self.folder = folder
        self.folder.chmod(0o755)
        self.authority = Authority(folder)
        self._certificate, self._key = self.authority.server(
            *(f"mx.{domain.name}" for domain in DOMAINS))
        self.received = []           # (recipients, message) of each transaction
        self._server = self._start_server()
        self._resolver = self._start_resolver()

    def close(self):
        self._server.stop()
        self._resolver.terminate()
        self._resolver.wait()

    def show(self, sandbox):
        """Let what runs in this sandbox use our resolver, names and authority."""
        files = {"/etc/resolv.conf": "nameserver 127.0.0.1\n",
                 "/etc/hosts": "127.0.0.1 localhost mail.example.org\n",
                 "/etc/ssl/certs/ca-certificates.crt": self.authority.certificate.read_text()}
        for path, content in files.items():
            replacement = self.folder / os.path.basename(path)
            replacement.write_text(content)
            sandbox.mount_over(replacement, path)

    def wait_for(self, recipient, timeout=60):
        """The first message that was sent to this address since the last forget()."""
        def find():
            return [message for recipients, message in self.received if recipient in recipients]
        assert wait_until(find, timeout, 0.2), f"nothing came for {recipient}"
        return find()[0]

    def forget(self):
        self.received.clear()

    # The mail server

    async def handle_DATA(self, _server, _session, envelope):  # the name aiosmtpd wants
        self.received.append((envelope.rcpt_tos, envelope.content))
        return "250 2.0.0 Kept"

    def _start_server(self):
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self._certificate, self._key)
        server = Controller(self, hostname=ADDRESS, port=25, tls_context=tls,
                            server_hostname="mx.example.net")
        server.start()
        return server

    # The DNS

    def _start_resolver(self):
        zones = "".join(self._zone(domain) for domain in DOMAINS)
        anchors = "".join(f'  trust-anchor-file: "{key}"\n' for key in self.folder.glob("K*.key"))
        configuration = self.folder / "unbound.conf"
        configuration.write_text(
            "server:\n  interface: 127.0.0.1\n  do-daemonize: no\n  chroot: \"\"\n"
            "  so-reuseport: no\n  username: \"\"\n  pidfile: \"\"\n  use-syslog: no\n  module-config: "
            f"\"validator iterator\"\n{anchors}remote-control:\n  control-enable: no\n{zones}")
        log = (self.folder / "unbound.log").open("ab")
        resolver = subprocess.Popen(["setpriv", "--pdeathsig", "KILL",
                                     "unbound", "-d", "-c", configuration],
                                    stdout=log, stderr=log)
        # Only an answer that was validated counts.
        assert wait_until(self._validates, 20, 0.2), (self.folder / "unbound.log").read_text()
        return resolver

    @staticmethod
    def _validates():
        answer = subprocess.run(["drill", "-D", "@127.0.0.1", "example.net", "MX"],
                                capture_output=True, text=True, check=False).stdout
        return " ad " in answer and "mx.example.net." in answer

    def _zone(self, domain):
        """Sign a zone; its part of the resolver's configuration."""
        plain, signed = (self.folder / f"{domain.name}.{kind}" for kind in ("zone", "signed"))
        plain.write_text(f"$ORIGIN {domain.name}.\n$TTL 300\n"
                         "@ SOA mx postmaster 1 3600 600 86400 300\n@ NS mx\n@ MX 10 mx\n"
                         f"mx A {ADDRESS}\n{self._tlsa(domain)}")
        key = self._run("ldns-keygen", "-k", "-a", "ECDSAP256SHA256", domain.name).strip()
        self._run("ldns-signzone", "-f", signed, plain, key)
        return (f'auth-zone:\n  name: "{domain.name}"\n  zonefile: "{signed}"\n'
                "  for-downstream: no\n  for-upstream: yes\n  fallback-enabled: no\n")

    def _tlsa(self, domain):
        if not domain.tlsa:
            return ""
        public = self._run("openssl", "x509", "-in", self._certificate, "-noout", "-pubkey")
        der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], check=True,
                             input=public.encode(), capture_output=True).stdout
        digest = hashlib.sha256(der if domain.tlsa == "right" else b"another key").hexdigest()
        return f"_25._tcp.mx TLSA 3 1 1 {digest}\n"

    def _run(self, *command):
        return subprocess.run(list(map(str, command)), check=True, capture_output=True,
                              text=True, cwd=self.folder).stdout
