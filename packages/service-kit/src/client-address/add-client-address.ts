import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Counter } from 'prom-client';
import { type AddressFault, type ClientAddress, clientAddressOf } from './forwarded-for.ts';
import { readIpAddress } from './ip-address.ts';
import { trustedProxies } from './trusted-proxies.ts';

const reportEveryMs = 10 * 60_000;
const shownLength = 64;

const messages: Readonly<Record<AddressFault, string>> = {
  unreadable:
    'a trusted proxy writes something into X-Forwarded-For that is no IP address: requests through it have no address, and limits by network do not apply to them',
  missing:
    'a request came from an address that TRUSTED_PROXIES names, without X-Forwarded-For: if the proxy made it for a client, all such clients count as one network',
  other_header:
    'a trusted proxy writes Forwarded or X-Real-IP but not X-Forwarded-For, the only header that is read: requests through it have no address, and limits by network do not apply to them',
  untrusted_proxy:
    'an address that TRUSTED_PROXIES does not name speaks for another, in X-Forwarded-For or a header like it, and is not believed: if that is your proxy or delivery network, all its clients count as one network',
};

/**
 * Sets `request.ip` to the client's address and `request.host` to the requested host, from the headers of trusted proxies
 * only. A client whose address cannot be determined is `unknown`.
 *
 * Each such case counts in `client_address_faults_total{cause}`, and is logged as a warning once in ten minutes per
 * cause.
 *
 * Needs `app.metrics`. @throws Error when an entry is neither an address nor a range
 */
export function addClientAddress(
  app: FastifyInstance,
  { proxies, now = () => performance.now() }: { proxies: readonly string[]; now?: () => number },
): void {
  const isTrusted = trustedProxies(proxies);
  const known = new WeakMap<IncomingMessage, ClientAddress>();
  const reportedAtMs = new Map<AddressFault, number>();
  const faults = new Counter({
    name: 'client_address_faults_total',
    help: 'Requests whose client address may be missing or shared with others, by cause',
    labelNames: ['cause'],
    registers: [app.metrics],
  });
  // So that the first one is seen to rise.
  for (const cause of Object.keys(messages)) faults.inc({ cause }, 0);

  function addressOf(raw: IncomingMessage): string {
    const found = known.get(raw) ?? clientAddressOf(raw, isTrusted);
    if (found.fault !== undefined && !known.has(raw)) report(found.fault, raw);
    known.set(raw, found);
    return found.address;
  }

  function report(cause: AddressFault, { headers }: IncomingMessage): void {
    faults.inc({ cause });
    if (now() - (reportedAtMs.get(cause) ?? Number.NEGATIVE_INFINITY) < reportEveryMs) return;
    reportedAtMs.set(cause, now());
    const forwardedFor = String(headers['x-forwarded-for'] ?? '').slice(-shownLength);
    app.log.warn({ cause, ...(forwardedFor !== '' && { forwarded_for: forwardedFor }) }, messages[cause]);
  }

  // Read once: afterwards the socket still knows the peer's address, even if the client has disconnected.
  app.server.on('connection', (socket) => void socket.remoteAddress);
  app.decorateRequest('ip', {
    getter(this: FastifyRequest) {
      return addressOf(this.raw);
    },
  });
  app.decorateRequest('host', {
    getter(this: FastifyRequest) {
      const { headers, socket } = this.raw;
      const peer = readIpAddress(socket?.remoteAddress ?? '');
      const forwarded = headers['x-forwarded-host'];
      const isForwarded = forwarded !== undefined && peer !== undefined && isTrusted(peer);
      return (isForwarded ? String(forwarded).split(',').at(-1) : headers.host)?.trim() ?? '';
    },
  });
}
