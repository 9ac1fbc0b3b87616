import type { IncomingMessage } from 'node:http';
import { readIpAddress } from './ip-address.ts';
import type { IsTrustedProxy } from './trusted-proxies.ts';

/** RFC 7239 §6.2 */
export const unknownAddress = 'unknown';

/** Nobody's address (RFC 1122 §3.2.1.3, RFC 4291 §2.5.2): who writes it keeps the client's to itself. */
const unspecified: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/**
 * Why people may share an address that they do not share:
 *
 * - `unreadable`: the entry of X-Forwarded-For that should be the client is no IP address, or nobody's.
 * - `missing`: a trusted proxy does not say whom it speaks for. It may speak for itself: then this is no fault.
 * - `other_header`: a trusted proxy says it in `Forwarded` or `X-Real-IP` alone, which nobody reads here.
 * - `untrusted_proxy`: X-Forwarded-For comes from an address that TRUSTED_PROXIES does not name.
 */
export type AddressFault = 'unreadable' | 'missing' | 'other_header' | 'untrusted_proxy';

export interface ClientAddress {
  /** An IP address without port and zone, or `unknown`. */
  readonly address: string;
  readonly fault?: AddressFault;
}

/**
 * Who sent a request: the peer, or, while that is a trusted proxy, whom it names in X-Forwarded-For: the right-most
 * entry that is not a trusted proxy itself. What stands left of that entry comes from the client, and may be a lie.
 *
 * `Forwarded` (RFC 7239) is never believed: a proxy that writes one of the two headers passes on the other as the client
 * sent it.
 */
export function clientAddressOf(
  { socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>,
  isTrusted: IsTrustedProxy,
): ClientAddress {
  // Undefined for a Unix socket, and when the connection is gone.
  const peer = readIpAddress(socket?.remoteAddress ?? '') ?? unknownAddress;
  const forwardedFor = entriesOf(headers['x-forwarded-for']);
  const isProxy = peer !== unknownAddress && isTrusted(peer);
  if (!isProxy) {
    return forwardedFor.length > 0 ? { address: peer, fault: 'untrusted_proxy' } : { address: peer };
  }
  if (forwardedFor.length === 0) {
    const isElsewhere = headers.forwarded !== undefined || headers['x-real-ip'] !== undefined;
    return isElsewhere
      ? { address: unknownAddress, fault: 'other_header' }
      : { address: peer, fault: 'missing' };
  }
  let address = peer;
  for (const entry of forwardedFor.reverse()) {
    const read = readIpAddress(entry);
    if (read === undefined || unspecified.has(read)) return { address: unknownAddress, fault: 'unreadable' };
    address = read;
    if (!isTrusted(address)) break;
  }
  return { address };
}

/** Empty elements of a list count for nothing (RFC 9110 §5.6.1). Several header lines are one list. */
function entriesOf(header: string | string[] | undefined): string[] {
  const text = Array.isArray(header) ? header.join(',') : (header ?? '');
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}
