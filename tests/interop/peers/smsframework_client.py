"""smsframework's GatewayAPI provider against our door, and its Flask receiver for our callbacks.

usage: smsframework_client.py DOOR_PORT RECEIVER_PORT KEY SECRET CALLBACK_SECRET
"""

import json
import sys
import threading
import time
import warnings

import requests
from flask import Flask
from smsframework import Gateway, OutgoingMessage
from smsframework_gatewayapi import GatewayAPIProvider
from smsframework_gatewayapi.error import ApiError
from werkzeug.serving import make_server

warnings.simplefilter("ignore")  # of jwt, about short secrets
door, receiver = int(sys.argv[1]), int(sys.argv[2])
key, secret, callback_secret = sys.argv[3:6]

# It knows one address only; the signature stays that of this address.
send = requests.Session.send


def redirected(session, request, **options):
    request.headers["Host"] = "gatewayapi.com"
    request.url = request.url.replace("https://gatewayapi.com", f"http://127.0.0.1:{door}")
    return send(session, request, **options)


requests.Session.send = redirected

gateway = Gateway()
gateway.add_provider("good", GatewayAPIProvider, key=key, secret=secret, jwt_secret=callback_secret)
gateway.add_provider("bad", GatewayAPIProvider, key=key, secret=secret + "x")
statuses = []
gateway.onStatus += lambda status: statuses.append((status.msgid, status.status))
app = Flask("receiver")
app.register_blueprint(gateway.receiver_blueprint_for("good"), url_prefix="/mavorion")
server = make_server("127.0.0.1", receiver, app, threaded=True)
threading.Thread(target=server.serve_forever, daemon=True).start()


def refused(message):
    try:
        gateway.send(message)
    except ApiError as fault:
        return fault.code, str(fault)
    return None


sent = gateway.send(
    OutgoingMessage("4512345678", "Hello ø & €", provider="good").options(senderId="InfoSMS", expires=10)
)
signature = refused(OutgoingMessage("4512345678", "Hello", provider="bad"))
sender = refused(OutgoingMessage("4512345678", "Hello", provider="good").options(senderId="55555"))
end = time.monotonic() + 20
while len(statuses) < 2 and time.monotonic() < end:
    time.sleep(0.05)
forged = requests.post(
    f"http://127.0.0.1:{receiver}/mavorion/callback",
    json={},
    headers={"X-Gwapi-Signature": "a.b.c"},
    timeout=5,
)
print(
    json.dumps(
        {
            "id": sent.msgid,
            "statuses": statuses,
            "signature": signature,
            "sender": sender,
            "forged": forged.status_code,
        }
    )
)
server.shutdown()
