"""Receivers of our own for the tests of what leaves the house: HTTP that behaves or misbehaves as scripted,
throw-away certificates, and the driver that carries deliveries to them."""

import datetime
import ipaddress
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("NUDGED_BUILD", ROOT / "build"))
WEBHOOK = BUILD / "plugins/webhook.so"
EMAIL = BUILD / "plugins/email.so"


def carry(plugin, settings, deliveries, **job):
    """Carries the deliveries and returns what the driver said, one dictionary a line."""
    job = {"plugin": str(plugin), "settings": settings, "deliveries": deliveries, **job}
    driver = BUILD / "peer/carry"
    environment = {**os.environ, "ASAN_OPTIONS": "detect_leaks=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    # An environment's proxy must never see a message.
    environment["http_proxy"] = environment["https_proxy"] = environment["all_proxy"] = "http://127.0.0.1:1/"
    done = subprocess.run([driver], input=json.dumps(job), capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def outcomes(lines):
    return [line for line in lines if "outcome" in line]


def complaints(lines):
    return [(line["setting"], line["complaint"]) for line in lines if "complaint" in line]


class Authority:
    """A certificate authority for the length of a test."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), [(x509.BasicConstraints(ca=True, path_length=None), True)])
        self.file = self.folder / "authority.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, key, extensions, until=None):
        start = datetime.datetime(2000, 1, 1)  # whatever the clock of the machine says
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name).public_key(key)
                   .serial_number(x509.random_serial_number()).not_valid_before(start)
                   .not_valid_after(until or datetime.datetime(2199, 1, 1)))
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        return builder.sign(self.key, hashes.SHA256())

    def context(self, name="localhost", until=None):
        """A server's TLS context for 127.0.0.1 and `name`, which may have ended already."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName(name)]
        if name == "localhost":
            names.append(x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
        certificate = self._sign(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]), key.public_key(),
                                 [(x509.SubjectAlternativeName(names), False)], until)
        pem = self.folder / f"{name}{'-ended' if until else ''}.pem"
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) +
                        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        return context


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, self.version = lines[0].split(" ")
        self.headers = [tuple(line.split(": ", 1)) for line in lines[1:] if line]
        self.body = body

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, values
        return values[0] if values else None


class Connection:
    """One accepted connection, for scripts."""

    def __init__(self, sock, receiver):
        self.sock = sock
        self.receiver = receiver
        self.buffer = b""

    def _fill(self):
        chunk = self.sock.recv(65536)
        if not chunk:
            raise ConnectionResetError
        self.buffer += chunk

    def wait_for_more(self):
        """Until there is something to read; without TLS it stays unread."""
        if isinstance(self.sock, ssl.SSLSocket):
            self._fill()
        elif not self.buffer and not self.sock.recv(1, socket.MSG_PEEK):
            raise ConnectionResetError

    def start_tls(self, context):
        self.sock = context.wrap_socket(self.sock, server_side=True)
        self.receiver.socks.append(self.sock)

    def read_head(self):
        while b"\r\n\r\n" not in self.buffer:
            self._fill()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        return head

    def read_line(self):
        while b"\r\n" not in self.buffer:
            self._fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def read_request(self):
        head = self.read_head()
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(self.buffer) < length:
            self._fill()
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        request = Request(head, body)
        with self.receiver.lock:
            self.receiver.requests.append(request)
        return request

    def send(self, text):
        self.sock.sendall(text if isinstance(text, bytes) else text.encode())

    def reset(self):
        """Closes with RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.close()

    def close(self):
        self.sock.close()

    def read_no_more(self):
        """Until the test is over."""
        self.receiver.over.wait(60)

    def wait_for_end(self):
        """Until the other side hangs up."""
        try:
            while self.sock.recv(65536):
                pass
        except OSError:
            pass


class Receiver:
    """Listens on a port of its own; `script(connection)` plays the server for each connection. `narrow`: of small
    segments, so that the buffers between hold little, and whoever writes much writes in pieces."""

    def __init__(self, script, context=None, port=0, narrow=False):
        self.script = script
        self.context = context
        self.requests = []
        self.connections = 0
        self.latest = None  # who connected last
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        if narrow:
            self.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.port = self.listener.getsockname()[1]
        self.over = threading.Event()
        self.threads = []
        self.socks = []
        self.acceptor = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self):
        self.acceptor.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in [self.acceptor, *self.threads]:
            thread.join(10)

    def settle(self, limit=30):
        """Until everything that reached us before has been served: connections are accepted in turn, so the ones
        before our own are known when it is."""
        end = time.monotonic() + limit
        with socket.create_connection(("127.0.0.1", self.port)) as probe:
            name = probe.getsockname()
            while self.latest != name and time.monotonic() < end:
                time.sleep(0.001)
        for thread in list(self.threads):
            thread.join(max(end - time.monotonic(), 0))
            assert not thread.is_alive(), "a connection that does not end"
        self.threads = []

    def _accept(self):
        while True:
            try:
                sock, name = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.socks.append(sock)
            thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()
            self.latest = name

    def _serve(self, sock):
        connection = Connection(sock, self)
        try:
            if self.context:
                connection.start_tls(self.context)
            self.script(connection)
        except (OSError, ssl.SSLError):
            pass
        finally:
            connection.close()

    def url(self, path="/in"):
        return f"{'https' if self.context else 'http'}://127.0.0.1:{self.port}{path}"


def answering(text):
    """A script that answers every request of a connection with these bytes."""
    def script(connection):
        while True:
            connection.read_request()
            connection.send(text)
    return script


def answer(status, body="", headers=""):
    return answering(f"HTTP/1.1 {status} Word\r\nContent-Length: {len(body.encode())}\r\n{headers}\r\n{body}")
