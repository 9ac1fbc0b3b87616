import net, { type AddressInfo } from 'node:net';
import { eventually } from '@latchkey/testing';
import { expect, it, onTestFinished } from 'vitest';
import { addClientAddress } from '../../src/client-address/add-client-address.ts';
import { serviceUnderTest } from '../service-under-test.ts';

async function behindProxy() {
  const service = await serviceUnderTest({ trustedProxies: ['127.0.0.0/8'] });
  const { app } = service;
  onTestFinished(() => app.close());
  app.get('/who', async ({ ip, host, hostname }) => ({ ip, host, hostname }));
  const who = async (headers: Record<string, string>, remoteAddress = '127.0.0.1') =>
    (await app.inject({ url: '/who', headers, remoteAddress })).json<Record<string, string>>();
  const warnings = () => service.logLines().filter(({ level }) => level === 'warn');
  return { ...service, who, warnings };
}

it('gives handlers and the log the address of the client alone', async () => {
  const { app, who, logLines } = await behindProxy();
  expect(await who({ 'x-forwarded-for': '192.0.2.1:1234' })).toMatchObject({ ip: '192.0.2.1' });
  expect(await who({ 'x-forwarded-for': '192.0.2.1' }, '::ffff:127.0.0.1')).toMatchObject({
    ip: '192.0.2.1',
  });
  expect(await who({}, '::ffff:192.0.2.9')).toMatchObject({ ip: '192.0.2.9' });
  await app.inject({ url: '/nothing', headers: { 'x-forwarded-for': '[2001:db8::1]:443' } });
  expect(logLines().find(({ msg }) => msg === 'request refused')).toMatchObject({ address: '2001:db8::1' });
});

it('believes the last entry of a trusted proxy’s X-Forwarded-Host, and no other’s', async () => {
  const { who } = await behindProxy();
  const headers = { host: 'inner:4000', 'x-forwarded-host': 'evil.test, shop.test:8443' };
  expect(await who(headers)).toMatchObject({ host: 'shop.test:8443', hostname: 'shop.test' });
  expect(await who(headers, '192.0.2.9')).toMatchObject({ host: 'inner:4000', hostname: 'inner' });
});

it('warns of each cause once, counts every request once, and shows what it could not read', async () => {
  const { app, who, warnings } = await behindProxy();
  app.get('/twice', async (request) => [request.ip, request.ip]);
  for (let n = 0; n < 3; n += 1) await who({ 'x-forwarded-for': '192.0.2.1, unix:' });
  await app.inject({ url: '/twice', headers: { 'x-forwarded-for': 'unknown' } });
  await who({ forwarded: 'for=192.0.2.1' });
  await who({ 'x-real-ip': '192.0.2.1' }, '192.0.2.9');
  await who({ 'x-forwarded-for': '192.0.2.1' }, '192.0.2.9');
  await who({});
  expect(warnings()).toMatchObject([
    { cause: 'unreadable', forwarded_for: '192.0.2.1, unix:', msg: expect.stringContaining('no IP address') },
    { cause: 'other_header', msg: expect.stringContaining('X-Forwarded-For, the only header that is read') },
    { cause: 'untrusted_proxy', msg: expect.stringContaining('TRUSTED_PROXIES') },
    { cause: 'missing', msg: expect.stringContaining('without X-Forwarded-For') },
  ]);
  const metrics = (await app.inject('/metrics')).body;
  for (const [cause, count] of [
    ['unreadable', 4],
    ['other_header', 1],
    ['untrusted_proxy', 2],
  ])
    expect(metrics).toContain(`client_address_faults_total{cause="${cause}"} ${count}\n`);
});

it('warns again after ten minutes', async () => {
  let nowMs = 0;
  const { app, who, warnings } = await behindProxy();
  await app.register(async (child) => {
    app.metrics.removeSingleMetric('client_address_faults_total');
    addClientAddress(child, { proxies: ['127.0.0.1'], now: () => nowMs });
    child.get('/later', async ({ ip }) => ip);
  });
  const later = () => app.inject({ url: '/later', headers: { 'x-forwarded-for': 'unknown' } });
  await who({ 'x-forwarded-for': '192.0.2.1' });
  for (nowMs of [0, 599_999, 600_000]) await later();
  expect(warnings()).toHaveLength(2);
});

it('still knows the address after the client hung up', async () => {
  const { app } = await behindProxy();
  const seen: string[] = [];
  let isServed = false;
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  app.get('/slow', async (request) => {
    isServed = true;
    request.raw.socket.on('close', resolve);
    await closed;
    seen.push(request.ip);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const client = net.connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET /slow HTTP/1.1\r\nhost: a\r\nx-forwarded-for: 192.0.2.1:5\r\n\r\n');
  await eventually('the request is being served', () => expect(isServed).toBe(true));
  client.destroy();
  await eventually('the handler has gone on', () => expect(seen).toEqual(['192.0.2.1']));
});

it('does not start with an invalid trusted proxy', async () => {
  await expect(serviceUnderTest({ trustedProxies: ['999.0.0.1'] })).rejects.toThrow('neither an IP address');
});
