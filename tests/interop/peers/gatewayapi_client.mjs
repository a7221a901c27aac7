// npm's gatewayapi against our door. usage: gatewayapi_client.mjs DOOR_PORT TOKEN
import { Client } from "gatewayapi";

const [port, token] = process.argv.slice(2);
const real = globalThis.fetch;
// it knows one address only, and forgets its token when it asks for the balance
globalThis.fetch = (address, options = {}) => {
  const url = address.replace("https://gatewayapi.com", `http://127.0.0.1:${port}`);
  const headers = { Authorization: `Token ${token}`, ...options.headers };
  return real(url, { ...options, headers });
};

const client = new Client({ token });
const sent = await client.sendMessage({
  to: [4512345678, { msisdn: 4512345679 }],
  message: "Hi there, this is cut ".repeat(20),
  sender: "InfoSMS",
  class: "premium",
  detailed: true,
  maxParts: 2,
  userRef: "u1",
  callbackUrl: "https://e.x/cb",
});
const refused = await client.sendMessage({ to: 4512345678, message: "Hi", sender: "55555" });
const balance = await client.getAccountBalance();
const prices = await client.getPrices({ format: "json" });
console.log(JSON.stringify({ sent, refused, balance, prices }));
