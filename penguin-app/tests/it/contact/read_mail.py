"""Prints what Python's mail library reads in a message, as JSON."""

import email
import email.policy
import json
import sys


def fields(message):
    body = message.get_body()
    defects = list(message.defects) + [defect for header in message.values() for defect in header.defects]
    names = ("from", "to", "reply-to", "subject")
    return {name: str(message[name]) for name in names} | {"text": body.get_content(), "defects": len(defects)}


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as file:
        print(json.dumps(fields(email.message_from_binary_file(file, policy=email.policy.default))))
