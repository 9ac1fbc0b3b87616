import type { IncomingMessage } from 'node:http';
import { readIpAddress } from './ip-address.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/** RFC 7239 §6.2 */
export const unknownAddress = 'unknown';

/** The unspecified address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2): a proxy writes it to hide the client's. */
const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * In these a content delivery network names the client. Proxies behind it pass them on. X-Azure-ClientIP is none of
 * them, since the client may choose it.
 */
const networkHeaders = [
  'cf-connecting-ip',
  'true-client-ip',
  'fastly-client-ip',
  'x-azure-socketip',
  'fly-client-ip',
  'cloudfront-viewer-address',
] as const;

/** Networks that may name the client in X-Forwarded-For alone, as they name themselves in `Via`. */
const networksInVia = /\b(?:google|cloudfront|akamai)/i;

/** In these a proxy says that it speaks for another. A client can write them too. */
const proxyHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via', ...networkHeaders] as const;

/**
 * Why different clients may appear under one address:
 *
 * - `unreadable`: the entry of X-Forwarded-For that should be the client is no IP address, or the unspecified one.
 * - `missing`: a trusted proxy does not name a client. It may have sent the request itself: then this is no fault.
 * - `other_header`: a trusted proxy names the client only in `Forwarded` or `X-Real-IP`, which are not read.
 * - `untrusted_proxy`: an address that TRUSTED_PROXIES does not name says that it speaks for another: the peer, or a
 *   content delivery network in front of a trusted proxy.
 */
export type AddressFault = 'unreadable' | 'missing' | 'other_header' | 'untrusted_proxy';

export type ClientAddress = {
  /** An IP address without port and zone, or `unknown`. */
  readonly address: string;
  readonly fault?: AddressFault;
};

/**
 * The address of a request's client: the peer, or, if that is a trusted proxy, the right-most entry of X-Forwarded-For
 * that is not a trusted proxy. Entries to the left of it come from the client and may be forged.
 *
 * `Forwarded` (RFC 7239) is never trusted: a proxy that writes one of the two headers passes the client's other one on.
 */
export function clientAddressOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  isTrusted: IsTrustedProxy,
): ClientAddress {
  // Undefined for a Unix socket, and after the connection has closed.
  const peer = readIpAddress(socket?.remoteAddress ?? '') ?? unknownAddress;
  const forwardedFor = entriesOf(headers['x-forwarded-for']);
  const isProxy = peer !== unknownAddress && isTrusted(peer);
  if (!isProxy) {
    const isForAnother = proxyHeaders.some((name) => entriesOf(headers[name]).length > 0);
    return isForAnother ? { address: peer, fault: 'untrusted_proxy' } : { address: peer };
  }
  if (forwardedFor.length === 0) {
    const isElsewhere = headers.forwarded !== undefined || headers['x-real-ip'] !== undefined;
    return isElsewhere
      ? { address: unknownAddress, fault: 'other_header' }
      : { address: peer, fault: 'missing' };
  }
  let address = peer;
  for (const entry of forwardedFor.toReversed()) {
    const read = readIpAddress(entry);
    if (read === undefined || unspecified.has(read)) return { address: unknownAddress, fault: 'unreadable' };
    address = read;
    // What stands to its left may come from the client itself, so it is no sign of a proxy.
    if (!isTrusted(address)) break;
  }
  const named = networkHeaders.flatMap((name) => readIpAddress(String(headers[name] ?? '')) ?? []);
  // A trusted proxy may reach the network, which then names that proxy.
  const isNamed = named.some((other) => other !== address && !isTrusted(other));
  // Of two entries the last may be the network's own. A single one is the client's: the network is the trusted peer.
  const isLast = forwardedFor.length > 1 && readIpAddress(forwardedFor.at(-1) ?? '') === address;
  const isNetwork = isLast && !named.includes(address) && networksInVia.test(headers.via ?? '');
  const isForAnother = isNamed || isNetwork;
  return isForAnother ? { address, fault: 'untrusted_proxy' } : { address };
}

/** Empty elements of a list are ignored (RFC 9110 §5.6.1). Several header lines form one list. */
function entriesOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
