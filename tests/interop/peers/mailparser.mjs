// Reads the MIME message that stands in a file, as npm's mailparser does; prints its parts as a JSON line.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";

const found = await simpleParser(readFileSync(process.argv[2]), { keepCidLinks: true });
const parts = found.attachments.map((part) => ({
  type: part.contentType,
  cid: part.cid ?? null,
  octets: part.content.length,
  digest: createHash("sha256").update(part.content).digest("hex"),
}));
console.log(JSON.stringify({ text: found.text ?? null, parts }));
