import { isIPv4, isIPv6 } from 'node:net';

/** For requests with an unknown sender. It does not count as one network, because the senders are unrelated. */
export const unknownNetwork = 'unknown';

const groups = 8;
const groupsOfANetwork = 4;
/** IPv6 prefixes of embedded IPv4 addresses: ::ffff:0:0/96 (RFC 4291 §2.5.5.2), 64:ff9b::/96 (RFC 6052 §2.1). */
const ipv4Prefixes: ReadonlySet<string> = new Set(['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0']);

/**
 * Returns the network under which an address is counted: the address itself for IPv4, the /64 for IPv6, because one
 * household or server can use any address of its /64. Anything else is `unknownNetwork`.
 *
 * @example
 * networkOf('::ffff:192.0.2.7'); // '192.0.2.7'
 * networkOf('2001:db8::1'); // '2001:db8:0:0::/64'
 */
export function networkOf(address: string | undefined): string {
  const bare = (address ?? '').split('%', 1)[0] ?? '';
  if (isIPv4(bare)) return bare;
  if (!isIPv6(bare)) return unknownNetwork;
  const groups = groupsOf(bare);
  const hex = groups.map((group) => group.toString(16));
  if (ipv4Prefixes.has(hex.slice(0, 6).join(':'))) return bytesOf(groups.slice(6)).join('.');
  return `${hex.slice(0, groupsOfANetwork).join(':')}::/64`;
}

function groupsOf(address: string): number[] {
  const [head = '', tail] = address.replace(/\d+\.\d+\.\d+\.\d+$/, hexOfIPv4).split('::');
  const before = parse(head);
  const after = tail === undefined ? [] : parse(tail);
  return [...before, ...new Array<number>(groups - before.length - after.length).fill(0), ...after];
}

function parse(groups: string): number[] {
  return groups === '' ? [] : groups.split(':').map((group) => Number.parseInt(group, 16));
}

function hexOfIPv4(address: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

function bytesOf(groups: readonly number[]): number[] {
  return groups.flatMap((group) => [group >> 8, group & 0xff]);
}
