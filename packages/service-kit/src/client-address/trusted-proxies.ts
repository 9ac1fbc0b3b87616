import { BlockList } from 'node:net';
import { familyOf, readIpAddress } from './ip-address.ts';

const mappedPrefixBits = 96;

/** Whether an address, as readIpAddress returns it, belongs to a trusted proxy. */
export type IsTrustedProxy = (address: string) => boolean;

/**
 * Reads addresses and CIDR ranges.
 *
 * @throws Error for the first entry that is neither, or that covers every address (a prefix of 0)
 * @example trustedProxies(['10.0.0.0/8', '::1'])('10.1.2.3'); // true
 */
export function trustedProxies(entries: readonly string[]): IsTrustedProxy {
  const list = new BlockList();
  for (const entry of entries) add(list, entry);
  return entries.length === 0 ? () => false : (address) => list.check(address, familyOf(address));
}

/** What is wrong with an entry of TRUSTED_PROXIES; undefined if it is an address or a range. */
export function faultOfTrustedProxy(entry: string): string | undefined {
  try {
    trustedProxies([entry]);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function add(list: BlockList, entry: string): void {
  const [text = '', prefix, ...rest] = entry.split('/');
  const address = /^[0-9A-Fa-f.:]+$/.test(text) ? readIpAddress(text) : undefined;
  // readIpAddress would accept a port and drop it.
  if (address === undefined || rest.length > 0 || text.split(':').length === 2)
    throw new Error('an entry is neither an IP address nor a CIDR range');
  const family = familyOf(address);
  if (prefix === undefined) {
    list.addAddress(address, family);
    return;
  }
  const isMapped = family === 'ipv4' && text.includes(':');
  const bits = /^\d{1,3}$/.test(prefix) ? Number(prefix) - (isMapped ? mappedPrefixBits : 0) : Number.NaN;
  if (!(bits >= 1 && bits <= (family === 'ipv4' ? 32 : 128)))
    throw new Error('the prefix of a range is too short, too long or no number');
  list.addSubnet(address, bits, family);
}
