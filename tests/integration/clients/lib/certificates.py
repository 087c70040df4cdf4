"""A certification authority of the test's own, and certificates for its servers."""

import subprocess


class Authority:
    """Makes keys and certificates below `folder`, a Path."""

    def __init__(self, folder):
        self.folder = folder
        self.certificate = folder / "ca.pem"
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                      "-subj", "/CN=Test authority", "-keyout", folder / "ca.key",
                      "-out", self.certificate)

    def server(self, *names):
        """Files with a server's certificate and its private key."""
        certificate, key = (self.folder / f"{names[0]}.{kind}" for kind in ("pem", "key"))
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0]}",
                      "-keyout", key, "-out", self.folder / "request.pem")
        extensions = self.folder / "extensions"
        extensions.write_text("basicConstraints = CA:FALSE\nsubjectAltName = "
                              + ", ".join(f"DNS:{name}" for name in names) + "\n")
        self._openssl("x509", "-req", "-in", self.folder / "request.pem", "-days", "30",
                      "-CA", self.certificate, "-CAkey", self.folder / "ca.key",
                      "-CAcreateserial", "-extfile", extensions, "-out", certificate)
        return certificate, key

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
