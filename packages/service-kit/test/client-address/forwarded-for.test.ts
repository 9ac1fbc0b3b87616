import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { clientAddressOf } from '../../src/client-address/forwarded-for.ts';
import { faultOfTrustedProxy, trustedProxies } from '../../src/client-address/trusted-proxies.ts';

const isTrusted = trustedProxies(['10.0.0.0/8', '2001:db8:ffff::/48', '127.0.0.1']);

function addressOf(
  headers: Record<string, string | string[]>,
  remoteAddress: string | undefined = '10.0.0.5',
) {
  const socket = { remoteAddress } as IncomingMessage['socket'];
  return clientAddressOf({ headers: headers as IncomingMessage['headers'], socket }, isTrusted);
}

const forwardedFor = (text: string) => addressOf({ 'x-forwarded-for': text });

describe('the address that a trusted proxy writes', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:1234', '192.0.2.1'],
    ['2001:db8::1', '2001:db8::1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['"[2001:db8::1]:443"', '2001:db8::1'],
    ['"192.0.2.1"', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6:443', '2001:db8:1:2:3:4:5:6'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['::ffff:192.0.2.1:1234', '192.0.2.1'],
    ['[::ffff:192.0.2.1]:1234', '192.0.2.1'],
    ['[192.0.2.1]:1234', '192.0.2.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:443', 'fe80::1'],
    ['\t192.0.2.1 ', '192.0.2.1'],
    // Empty elements do not count.
    [', 192.0.2.1, ,', '192.0.2.1'],
    ['192.0.2.1:80, 10.9.9.9:8080, [2001:db8:ffff::1]:443', '192.0.2.1'],
    // A client within the trusted networks.
    ['10.1.1.1, 10.2.2.2', '10.1.1.1'],
    ['::ffff:10.1.1.1', '10.1.1.1'],
  ])('%j is %s', (text, address) => {
    expect(forwardedFor(text)).toEqual({ address });
  });

  it('may come in several lines', () => {
    expect(addressOf({ 'x-forwarded-for': ['192.0.2.1:1', '10.0.0.6'] })).toEqual({
      address: '192.0.2.1',
    });
  });

  it.each([
    '198.51.100.1, 192.0.2.1',
    'unknown, 192.0.2.1:1234',
    '198.51.100.1, 192.0.2.1:80, 10.9.9.9:8080',
  ])('%j is the right-most that is not trusted: the client may have invented everything before it', (text) =>
    expect(forwardedFor(text)).toEqual({ address: '192.0.2.1' }),
  );

  it.each([
    'unknown',
    '_hidden',
    '_SEVKISEK:1',
    'gateway.internal',
    '192.0.2.300',
    '192.0.2',
    '192.0.2.1:123456',
    '[192.0.2.1',
    '2001:db8::1::2',
    'unix:',
    'for=192.0.2.1',
    '0.0.0.0',
    '[::]:443',
    '::ffff:0.0.0.0',
    '198.51.100.1, 0.0.0.0, 10.0.0.6',
    '192.0.2.1x',
    `[2001:db8::1%${'z'.repeat(200)}]`,
    // A trusted proxy wrote the last entry, but the entry before it cannot be parsed.
    '192.0.2.1, unknown, 10.0.0.6',
  ])('%j is unknown, and reported as a fault', (text) => {
    expect(forwardedFor(text)).toEqual({ address: 'unknown', fault: 'unreadable' });
  });
});

describe('no address is taken from', () => {
  it.each([
    ['x-forwarded-for', '203.0.113.9'],
    ['forwarded', 'for=203.0.113.9'],
    ['x-real-ip', '203.0.113.9'],
    ['via', '1.1 proxy.internal'],
    ['cf-connecting-ip', '203.0.113.9'],
    ['true-client-ip', '203.0.113.9'],
    ['fastly-client-ip', '203.0.113.9'],
    ['x-azure-socketip', '203.0.113.9'],
    ['fly-client-ip', '203.0.113.9'],
    ['cloudfront-viewer-address', '203.0.113.9:46532'],
  ])('an address that is not trusted, and %s of it is reported', (name, text) => {
    const fault = 'untrusted_proxy';
    expect(addressOf({ [name]: text }, '192.0.2.9')).toEqual({ address: '192.0.2.9', fault });
    expect(addressOf({ [name]: ' ' }, '192.0.2.9')).toEqual({ address: '192.0.2.9' });
  });

  it('Forwarded: beside X-Forwarded-For it may be the client’s own; alone it is reported as a fault', () => {
    const forwarded = 'for="[2001:db8::7]:443"';
    expect(addressOf({ forwarded, 'x-forwarded-for': '192.0.2.1' })).toEqual({ address: '192.0.2.1' });
    expect(addressOf({ forwarded })).toEqual({ address: 'unknown', fault: 'other_header' });
    expect(addressOf({ 'x-real-ip': '192.0.2.1' })).toEqual({ address: 'unknown', fault: 'other_header' });
  });

  it.each([
    'cf-connecting-ip',
    'true-client-ip',
    'fastly-client-ip',
    'x-azure-socketip',
    'fly-client-ip',
    'cloudfront-viewer-address',
  ])(
    'a delivery network in front of a trusted proxy, and %s of it is reported, unless the network is trusted too',
    (name) => {
      const headers = (forwardedFor: string, text: string) => ({
        'x-forwarded-for': forwardedFor,
        [name]: text,
      });
      expect(addressOf(headers('203.0.113.9, 192.0.2.1', '203.0.113.9'))).toEqual({
        address: '192.0.2.1',
        fault: 'untrusted_proxy',
      });
      expect(addressOf(headers('203.0.113.9, 10.0.0.6', '203.0.113.9'))).toEqual({ address: '203.0.113.9' });
      // One address, written in two ways.
      expect(addressOf(headers('2001:db8::9, 10.0.0.6', '2001:DB8:0::9'))).toEqual({
        address: '2001:db8::9',
      });
      expect(addressOf(headers('192.0.2.1', 'unknown'))).toEqual({ address: '192.0.2.1' });
      // Another trusted network reached this one.
      expect(addressOf(headers('203.0.113.9, 10.0.0.7', '10.0.0.7'))).toEqual({ address: '203.0.113.9' });
    },
  );

  it.each([
    '1.1 google',
    'HTTP/2.0 0123456789abcdef.cloudfront.net (CloudFront)',
    '1.1 v1-akamaitech.net(ghost) (AkamaiGHost), 1.1 akamai.net(ghost) (AkamaiGHost)',
  ])('a network that only Via names (%s), and this is reported, unless its address is trusted too', (via) => {
    const through = (text: string) => addressOf({ 'x-forwarded-for': text, via });
    expect(through('203.0.113.7, 34.120.1.2')).toEqual({ address: '34.120.1.2', fault: 'untrusted_proxy' });
    expect(through('203.0.113.7, 10.0.0.6')).toEqual({ address: '203.0.113.7' });
    // The trusted peer is the network itself.
    expect(through('203.0.113.7')).toEqual({ address: '203.0.113.7' });
    // As before, and the client has a proxy of its own.
    const viewer = {
      'cloudfront-viewer-address': '203.0.113.7:4711',
      'x-forwarded-for': '10.9.8.7, 203.0.113.7',
    };
    expect(addressOf({ ...viewer, via })).toEqual({ address: '203.0.113.7' });
    const other = { 'x-forwarded-for': '198.51.100.1, 192.0.2.1', via: '1.1 proxy.internal' };
    expect(addressOf(other)).toEqual({ address: '192.0.2.1' });
  });

  it('a trusted proxy that names none, because the request may be its own', () => {
    expect(addressOf({})).toEqual({ address: '10.0.0.5', fault: 'missing' });
    expect(addressOf({ 'x-forwarded-for': ' , ' })).toEqual({ address: '10.0.0.5', fault: 'missing' });
  });

  it('a peer without an address, as one on a Unix socket is', () => {
    const headers = { 'x-forwarded-for': '192.0.2.1' };
    const socket = {} as IncomingMessage['socket'];
    expect(clientAddressOf({ headers, socket }, isTrusted)).toMatchObject({ address: 'unknown' });
  });
});

it('the port in CloudFront-Viewer-Address does not make it another address', () => {
  const viewer = '2001:db8:0:0:0:0:0:9:46532';
  const headers = { 'x-forwarded-for': '2001:db8::9', 'cloudfront-viewer-address': viewer };
  expect(addressOf(headers)).toEqual({ address: '2001:db8::9' });
});

it.each(['::ffff:10.0.0.5', '10.255.0.1', '2001:db8:ffff:1::1', '127.0.0.1'])(
  '%s is a trusted peer',
  (peer) => {
    expect(addressOf({ 'x-forwarded-for': '192.0.2.1' }, peer)).toEqual({ address: '192.0.2.1' });
    expect(addressOf({}, peer).fault).toBe('missing');
  },
);

describe('TRUSTED_PROXIES', () => {
  it.each(['10.0.0.1', '10.0.0.0/8', '::1', '2001:db8::/32', '::ffff:10.0.0.0/104', '::ffff:10.0.0.1'])(
    'may be %s',
    (entry) => expect(faultOfTrustedProxy(entry)).toBeUndefined(),
  );

  it.each([
    '999.1.1.1',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/8',
    '0.0.0.0/0',
    '::/0',
    '::ffff:0.0.0.0/96',
    '10.0.0.1:80',
    'localhost',
    '*',
    'fe80::1%eth0',
  ])('may not be %s', (entry) => expect(faultOfTrustedProxy(entry)).toEqual(expect.any(String)));
});
