"""smpp34 as a server: takes submits out of order, and sends a receipt for each."""

from __future__ import annotations

import asyncio
import os
import sys

import smpp34

PORT = int(sys.argv[1])


async def main() -> None:
    server = smpp34.Server(host="127.0.0.1", port=PORT, system_id="smpp34-smsc")
    await server.start()
    print("READY", flush=True)
    sessions, count, tasks = {}, 0, set()
    while True:
        event = await server.next()
        if isinstance(event, smpp34.Esme):
            sessions[event.session_id] = event
        elif isinstance(event, smpp34.Unbound):
            break
        elif isinstance(event, smpp34.SubmitSmEvent):
            if event.destination_addr.endswith("82"):
                event.reject(smpp34.ESME_RINVDSTADR)
                continue
            count += 1
            name = f"s34-{count}"
            event.accept(name)
            text = f"id:{name} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"
            answer = sessions[event.session_id].deliver_sm(
                event.source_addr,
                text.encode(),
                source_addr=event.destination_addr,
                esm_class=0x04,
                tlvs=[
                    smpp34.Tlv(smpp34.TLV_RECEIPTED_MESSAGE_ID, name.encode() + b"\0"),
                    smpp34.Tlv(smpp34.TLV_MESSAGE_STATE, b"\x02"),
                ],
            )
            task = asyncio.ensure_future(answer)
            tasks.add(task)
            task.add_done_callback(tasks.discard)


asyncio.run(main())
os._exit(0)  # its runtime does not survive the interpreter's own end
