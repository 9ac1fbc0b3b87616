import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export type Names = {
  /** Its own address, as dns.setServers wants it. */
  readonly server: string;
  add(name: string, address: string): void;
  remove(name: string, address: string): void;
  close(): void;
};

const [headerBytes, isAnswer, nameError] = [12, 0x8180, 0x8183];
/** Docker's own server says so too, and nobody may rely on it: addresses change while replicas are replaced. */
const ttlSeconds = 600;

/**
 * A DNS server for the names of services (RFC 1035 §4), which answers as Docker's does: with all replicas that run, ready
 * or not.
 */
export async function startNames(): Promise<Names> {
  const addresses = new Map<string, Set<string>>();
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    const { name, question } = questionOf(query);
    const found = [...(addresses.get(name) ?? [])];
    const header = Buffer.alloc(headerBytes);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(found.length > 0 ? isAnswer : nameError, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(found.length, 6);
    socket.send(Buffer.concat([header, question, ...found.map(recordOf)]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    server: `127.0.0.1:${socket.address().port}`,
    add: (name, address) => void addresses.set(name, new Set([...(addresses.get(name) ?? []), address])),
    remove: (name, address) => void addresses.get(name)?.delete(address),
    close: () => socket.close(),
  };
}

function questionOf(query: Buffer): { name: string; question: Buffer } {
  const labels: string[] = [];
  let at = headerBytes;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += length + 1;
  }
  // The name's end, type and class.
  return { name: labels.join('.'), question: query.subarray(headerBytes, at + 5) };
}

/** An A record for the name of the question. */
function recordOf(address: string): Buffer {
  const record = Buffer.from([
    0xc0,
    headerBytes,
    0,
    1,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    4,
    ...address.split('.').map(Number),
  ]);
  record.writeUInt32BE(ttlSeconds, 6);
  return record;
}
