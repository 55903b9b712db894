"""Certificates of authorities of one's own."""
import subprocess


def openssl(folder, *arguments):
    subprocess.run(["openssl"] + list(arguments), check=True, cwd=folder,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_ca(folder):
    """An authority of one's own: ca.crt and ca.key in folder."""
    openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days",
            "2", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out",
            "ca.crt")


def make_certificate(folder, host="127.0.0.1", kind="IP"):
    """server.crt and server.key of a host (kind "DNS" for a name), signed by
    the authority in folder."""
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj",
            "/CN=" + host, "-keyout", "server.key", "-out", "server.csr")
    with open(folder + "/ext", "w") as f:
        f.write("subjectAltName=%s:%s\n" % (kind, host))
    openssl(folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.crt",
            "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile",
            "ext", "-out", "server.crt")
