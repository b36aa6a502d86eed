"""Two receivers that know nothing of nudged's code: HTTP, which checks signatures as the Standard
Webhooks text says, and SMTP, a real server that insists on TLS and a login. Each hands what it got to
one queue as a Message."""

import base64
import email
import email.policy
import hashlib
import hmac
import html
import http.server
import json
import logging
import ssl
import threading
import time
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

CLOCK_MAY_DIFFER_S = 300
logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # aiosmtpd's own remarks


@dataclass
class Message:
    path: str                  # "hook", "chat" or "mail"
    id: str                    # webhook-id or Message-ID: the same when it is sent again
    to: str                    # a person's name, a mail address or a room
    title: str
    text: str
    body: dict = field(default_factory=dict)
    proof: str = ""            # what the receiver verified
    complaint: str = ""        # or what it could not
    at: float = field(default_factory=time.time)


def signature_complaint(headers, body, secret):
    """Why this is not a signed message of the holder of the secret; "" when it is."""
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not stamp.isdigit():
        return "webhook-id or webhook-timestamp is missing"
    if abs(time.time() - int(stamp)) > CLOCK_MAY_DIFFER_S:
        return "the signature's time is not now"
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join([message_id.encode(), stamp.encode(), body])
    good = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    if not any(hmac.compare_digest(good, one) for one in given):
        return "the signature does not fit the body"
    return ""


class HttpReceiver:
    """http://127.0.0.1:PORT/hook takes nudged's own signed JSON, /chat what Slack would take."""

    def __init__(self, queue, secret):
        self.queue, self.secret = queue, secret
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                reply = receiver.take(self.path, self.headers, body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, args=(0.1,), daemon=True).start()

    def take(self, path, headers, body):
        try:
            content = json.loads(body)
            message = self.chat(content) if path == "/chat" else self.hook(headers, body, content)
        except (ValueError, KeyError, TypeError) as error:
            message = Message(path.strip("/"), "", "?", "?", body.decode(errors="replace"),
                              complaint=f"not what was agreed: {error!r}")
        self.queue.put(message)
        return b"ok"

    def hook(self, headers, body, content):
        data = content["data"]
        complaint = signature_complaint(headers, body, self.secret)
        if content["type"] != "nudged.reminder":
            complaint = f"type is {content['type']}"
        text = data["text"] + (f"\n\nAnswer: {data['answer_url']}" if data.get("answer_url") else "")
        return Message("hook", headers.get("webhook-id", ""), data["person"]["name"], data["title"], text, body=data, complaint=complaint,
                       proof="" if complaint else "signature verified")

    @staticmethod
    def chat(content):
        """A header and sections, and the plain text that Slack wants beside them."""
        title, *rest = [html.unescape(block["text"]["text"]) for block in content["blocks"]]
        complaint = "" if content["text"] else "no text for those who see no blocks"
        return Message("chat", str(time.monotonic_ns()), "the team's room", title, "\n".join(rest),
                       body=content, complaint=complaint, proof="in Slack's own form")

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class MailReceiver(Controller):
    """A mail server on 127.0.0.1 that takes mail only after STARTTLS and a login."""

    def __init__(self, queue, certificate, key, user, password):
        self.queue, self.login, self.refused = queue, (user.encode(), password.encode()), 0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        super().__init__(self, hostname="127.0.0.1", port=0)

    def factory(self):
        return SMTP(self, hostname="mail.example.org", tls_context=self.tls, require_starttls=True,
                    auth_required=True, authenticator=self.check_login)

    def check_login(self, _server, _session, _envelope, _mechanism, given):
        return AuthResult(success=(given.login, given.password) == self.login)

    def _trigger_server(self):
        """Port 0 was asked for: learn which one it became before the controller calls itself."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()

    async def handle_DATA(self, _server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text = mail.get_body(("plain",))
        self.queue.put(Message("mail", str(mail["Message-ID"]), envelope.rcpt_tos[0], str(mail["Subject"]),
                               text.get_content() if text else "", body=dict(mail.items()),
                               proof=f"{session.ssl['cipher'][1]}, logged in" if session.ssl else "",
                               complaint="" if session.ssl else "it came without TLS"))
        return "250 taken"
