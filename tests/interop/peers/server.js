// node smpp as a server for our link: answers submits, sends receipts, prints what each submit held.
const smpp = require('smpp');
const [port, hex] = [+process.argv[2], process.argv[3] === 'hex'];
let count = 0, receivers = [];
const server = smpp.createServer(session => {
  session.on('error', () => {});
  session.on('close', () => { receivers = receivers.filter(each => each !== session); });
  const bind = pdu => {
    if (pdu.password !== 'secret12') {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      session.close();
      return;
    }
    session.send(pdu.response({ system_id: 'node-smsc', sc_interface_version: 0x34 }));
    if (pdu.command !== 'bind_transmitter') receivers.push(session);
    session.enquire_link({}, () => {});
  };
  ['bind_transceiver', 'bind_transmitter', 'bind_receiver'].forEach(command => session.on(command, bind));
  session.on('enquire_link', pdu => session.send(pdu.response()));
  session.on('unbind', pdu => { session.send(pdu.response()); session.close(); });
  session.on('submit_sm', pdu => {
    count++;
    const said = pdu.message_payload ? pdu.message_payload.message || pdu.message_payload : pdu.short_message.message;
    console.log(JSON.stringify({ to: pdu.destination_addr, text: String(said), data_coding: pdu.data_coding,
      udh: (pdu.short_message.udh || []).map(each => each.toString('hex')), sar: pdu.sar_segment_seqnum || null,
      validity: pdu.validity_period ? true : false }));
    if (pdu.destination_addr.endsWith('82'))
      return session.send(pdu.response({ command_status: smpp.ESME_RINVDSTADR }));
    const inResponse = hex ? (0x0a00 + count).toString(16).padStart(8, '0') : 'node-' + count;
    const inReceipt = hex ? String(0x0a00 + count) : inResponse;
    session.send(pdu.response({ message_id: inResponse }));
    receivers[0].deliver_sm({ source_addr: pdu.destination_addr, destination_addr: pdu.source_addr,
      esm_class: smpp.ESM_CLASS.MC_DELIVERY_RECEIPT, data_coding: 0,
      short_message: `id:${inReceipt} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:`,
      ...(hex ? {} : { receipted_message_id: inReceipt, message_state: 2 }) }, () => {});
  });
});
server.listen(port, '127.0.0.1', () => console.log('READY'));
setTimeout(() => process.exit(0), 60000);
