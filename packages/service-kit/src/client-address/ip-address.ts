import { isIP, isIPv4, isIPv6, SocketAddress } from 'node:net';

/** Longer than any address with brackets, zone and port. */
const maxLength = 100;
const bracketed = /^\[([^\]]+)\](?::\d{1,5})?$/;
const ipv4AndPort = /^(.*\d+\.\d+\.\d+\.\d+):\d{1,5}$/;
const eightGroupsAndPort = /^((?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}):\d{1,5}$/;
const mappedPrefix = '::ffff:';

/**
 * Reads an address as sockets and gateways write it: with or without a port, in brackets or quotes, with a zone. An
 * IPv4 address mapped into IPv6 (RFC 4291 §2.5.5.2) becomes IPv4; IPv6 gets its canonical form (RFC 5952). Undefined
 * for anything else: a name, `unknown`, `_hidden` (RFC 7239 §6).
 *
 * Without brackets, the part of an IPv6 address after its last colon belongs to the address, unless that makes nine
 * groups.
 *
 * @example
 * readIpAddress('192.0.2.1:1234'); // '192.0.2.1'
 * readIpAddress('"[2001:DB8::1]:443"'); // '2001:db8::1'
 */
export function readIpAddress(text: string): string | undefined {
  if (text.length > maxLength) return undefined;
  const unquoted = text.trim().replace(/^"(.*)"$/, '$1');
  const [, inner = unquoted] =
    bracketed.exec(unquoted) ?? ipv4AndPort.exec(unquoted) ?? eightGroupsAndPort.exec(unquoted) ?? [];
  const [address = ''] = inner.split('%', 1);
  if (isIPv4(address)) return address;
  if (!isIPv6(address)) return undefined;
  const usual = new SocketAddress({ address, family: 'ipv6' }).address;
  const mapped = usual.startsWith(mappedPrefix) ? usual.slice(mappedPrefix.length) : '';
  return isIPv4(mapped) ? mapped : usual;
}

/** The family, as node:net names it. */
export function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 4 ? 'ipv4' : 'ipv6';
}
