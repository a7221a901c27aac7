// node smpp as a client of our simulator: every operation once; prints what it heard as JSON.
const smpp = require('smpp');
const version = +process.argv[3];
const heard = { receipts: [] };
const session = smpp.connect({ host: '127.0.0.1', port: +process.argv[2] });
session.on('error', fault => { console.error(fault.message); process.exit(1); });
session.on('enquire_link', pdu => session.send(pdu.response()));
session.on('deliver_sm', pdu => {
  session.send(pdu.response());
  heard.receipts.push([pdu.receipted_message_id || null, pdu.message_state || null, pdu.short_message.message]);
});
const ask = (command, options) => new Promise((resolve, reject) => {
  const timer = setTimeout(() => reject(new Error(command + ' was not answered')), 5000);
  session[command](options, pdu => { clearTimeout(timer); resolve(pdu); });
});
const from = { source_addr_ton: 1, source_addr_npi: 1, source_addr: '447700900001' };
const to = number => ({ ...from, dest_addr_ton: 1, dest_addr_npi: 1, registered_delivery: 1, destination_addr: number });
const text = 'Долгое сообщение 😀 '.repeat(10);

async function all() {
  const bound = await ask('bind_transceiver', { system_id: 'aldis', password: 'secret12', interface_version: version });
  heard.bound = [bound.command_status, bound.sc_interface_version || null];
  await ask('submit_sm', { ...to('447700900401'), data_coding: 0, short_message: 'Hello @£$ {€}' });
  await ask('submit_sm', { ...to('447700900402'), short_message: 'Привет 😀' });
  await ask('submit_sm', { ...to('447700900403'), short_message: 'Crème brûlée âê' });
  const octets = Buffer.from(text, 'utf16le').swap16(), total = Math.ceil(octets.length / 134);
  for (let n = total; n > 0; n--)
    await ask('submit_sm', { ...to('447700900404'), data_coding: 8,
      short_message: { udh: Buffer.from([5, 0, 3, 77, total, n]), message: octets.slice((n - 1) * 134, n * 134) } });
  const refused = await ask('submit_sm', { ...to('447700900482'), data_coding: 0, short_message: 'no' });
  heard.refused = refused.command_status;
  const later = await ask('submit_sm', { ...to('447700900488'), data_coding: 0, short_message: 'later' });
  const name = { message_id: later.message_id, ...from };
  heard.queried = (await ask('query_sm', name)).message_state;
  heard.replaced = (await ask('replace_sm', { ...name, short_message: 'new' })).command_status;
  heard.cancelled = (await ask('cancel_sm', { ...name, dest_addr_ton: 1, dest_addr_npi: 1,
    destination_addr: '447700900488' })).command_status;
  heard.after = (await ask('query_sm', name)).message_state;
  heard.again = (await ask('cancel_sm', name)).command_status;
  heard.unknown = (await ask('query_sm', { message_id: 'nobody', ...from })).command_status;
  heard.multi = (await ask('submit_multi', { ...from, registered_delivery: 1, data_coding: 0, short_message: 'to many',
    dest_address: [{ dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '447700900410' },
      { dest_addr_ton: 1, dest_addr_npi: 1, destination_addr: '447700900482' }, { dl_name: 'friends' }] }))
    .unsuccess_sme.map(each => each.error_status_code);
  if (version >= 0x34) {
    await ask('data_sm', { ...to('447700900405'), data_coding: 0, message_payload: 'by data_sm' });
    await ask('submit_sm', { ...to('447700900406'), data_coding: 0, message_payload: 'x'.repeat(400) });
    for (const n of [2, 1])
      await ask('submit_sm', { ...to('447700900407'), data_coding: 0, short_message: 'sar' + n,
        sar_msg_ref_num: 9, sar_total_segments: 2, sar_segment_seqnum: n });
  }
  heard.alive = (await ask('enquire_link', {})).command;
  await new Promise(resolve => setTimeout(resolve, 500));
  heard.left = (await ask('unbind', {})).command;
  console.log(JSON.stringify(heard));
  process.exit(0);
}
session.on('connect', () => all().catch(fault => { console.error(fault.message); process.exit(1); }));
