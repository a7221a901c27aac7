"""smpp34 as a client: many submits in its window, a long message in one payload, receipts."""

from __future__ import annotations

import asyncio
import json
import os
import sys

import smpp34

PORT, COUNT = int(sys.argv[1]), int(sys.argv[2])


async def main() -> None:
    client = smpp34.Client(
        host="127.0.0.1",
        port=PORT,
        system_id="aldis",
        password="secret12",
        bind_type="TRX",
        window_size=20,
        connect_timeout_ms=3000,
    )
    smsc = await client.connect()
    receipts = []

    async def pull() -> None:
        while not isinstance(event := await smsc.next(), smpp34.Disconnected):
            receipts.append(event)

    puller = asyncio.ensure_future(pull())
    answers = await asyncio.gather(
        *(
            smsc.submit_sm(f"44770090{n:04d}", b"hello", source_addr="447700900002", registered_delivery=1)
            for n in range(COUNT)
        )
    )
    long = await smsc.submit_sm(
        "447700960000",
        b"",
        source_addr="447700900002",
        registered_delivery=1,
        tlvs=[smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, b"p" * 300)],
    )
    wanted = sum(answer.is_success for answer in answers) + 1
    for _ in range(200):
        if len(receipts) >= wanted:
            break
        await asyncio.sleep(0.05)
    named = {str(tlv.as_string()) for receipt in receipts for tlv in receipt.tlvs if tlv.tag == 0x1E}
    await smsc.unbind()
    await asyncio.wait_for(puller, 5)
    found = {
        "taken": sum(answer.is_success for answer in answers),
        "refused": [answer.command_status for answer in answers if not answer.is_success],
        "receipts": len(receipts),
        "matched": named == {str(answer.message_id) for answer in [*answers, long] if answer.is_success},
        "classes": sorted({receipt.esm_class for receipt in receipts}),
    }
    print(json.dumps(found), flush=True)


asyncio.run(main())
os._exit(0)  # its runtime does not survive the interpreter's own end
