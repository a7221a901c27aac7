"""smpplib as a client: says what it is told in `cases`, and prints what it heard as JSON."""

from __future__ import annotations

import json
import sys
import time

import smpplib.client
import smpplib.consts
import smpplib.gsm
import smpplib.smpp

PORT, CASES = int(sys.argv[1]), json.loads(sys.argv[2])
SENDER = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "447700900001"}
client = smpplib.client.Client("127.0.0.1", PORT, timeout=2, allow_unknown_opt_params=True)
sent, receipts, queries, errors = {}, [], [], []
client.set_message_sent_handler(lambda pdu: sent.__setitem__(pdu.sequence, pdu))
client.set_message_received_handler(lambda pdu: receipts.append(pdu))
client.set_query_resp_handler(queries.append)
client.set_error_pdu_handler(lambda pdu: errors.append(pdu.status))
client.connect()
bound = client.bind_transceiver(system_id="aldis", password="secret12")


def pump(until):
    end = time.monotonic() + 10
    while not until() and time.monotonic() < end:
        client.poll(auto_send_enquire_link=False)
        time.sleep(0.01)


first = None
for number, text in CASES:
    parts, coding, esm_class = smpplib.gsm.make_parts(text)
    for part in parts:
        pdu = client.send_message(
            **SENDER,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=number,
            short_message=part,
            data_coding=coding,
            esm_class=esm_class,
            registered_delivery=1,
        )
        first = first or pdu.sequence
taken = sum(len(smpplib.gsm.make_parts(text)[0]) for number, text in CASES if not number.endswith("82"))
pump(lambda: len(receipts) >= taken and (errors or not any(number.endswith("82") for number, _ in CASES)))
client.query_message(message_id=sent[first].message_id.decode(), **SENDER)
pump(lambda: queries)
client.send_pdu(smpplib.smpp.make_pdu("enquire_link", client=client))
alive = client.read_pdu().command
left = client.unbind().command
client.disconnect()
print(
    json.dumps(
        {
            "system_id": bound.system_id.decode(),
            "version": bound.sc_interface_version,
            "receipts": [[r.receipted_message_id.decode(), r.message_state] for r in receipts],
            "errors": errors,
            "queried": queries[0].message_state,
            "alive": alive,
            "left": left,
        }
    )
)
