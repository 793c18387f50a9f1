"""A real SMTP server on a port of its own: prints the port, then each message as a line of JSON.

With the argument `refuse` it refuses every message, and repeats in its answer whom it came from.
"""

import asyncio
import email
import email.policy
import json
import sys

from aiosmtpd.smtp import SMTP

from read_mail import fields


class Handler:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if sys.argv[1] == "refuse":
            return f"554 no thanks, {message['reply-to']}".encode("ascii", "replace").decode()
        entry = fields(message) | {"envelope-from": envelope.mail_from, "envelope-to": ", ".join(envelope.rcpt_tos)}
        print(json.dumps(entry), flush=True)
        return "250 taken"


async def main():
    loop = asyncio.get_running_loop()
    # The name in its greeting is given, so that it asks no resolver for it.
    server = await loop.create_server(lambda: SMTP(Handler(), hostname="mail.test"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Until the test is gone.
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
