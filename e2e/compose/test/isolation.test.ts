import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { type Container, container, containers, exec, serviceOf, services } from '../system.ts';

/** A greeting that the real server answers without authentication. Its reply proves that the server is reachable. */
const greetings = {
  // SSLRequest: the server answers N or S.
  postgres: { port: 5432, bytes: Buffer.from('0000000804d2162f', 'hex'), reply: /^[NS]/ },
  redis: { port: 6379, bytes: Buffer.from('PING\r\n'), reply: /^(\+PONG|-NOAUTH|-DENIED)/ },
};

/** Reads the reply within 1.5 s. A connection alone proves nothing: some networks accept one to any address. */
async function answer(host: string, port: number, bytes: Buffer): Promise<string> {
  const socket = connect({ host, port });
  socket.on('error', () => {});
  try {
    const signal = AbortSignal.timeout(1500);
    socket.write(bytes);
    const [data] = await once(socket, 'data', { signal });
    return String(data);
  } catch {
    return '';
  } finally {
    socket.destroy();
  }
}

/** The same from inside a container. The timeout is longer, because a slow reply must not look like isolation. */
function answerWithin(from: Container, host: string, port: number, bytes: Buffer): Promise<string> {
  const script = `
    const socket = require('node:net').connect({ host: '${host}', port: ${port} });
    const end = (text) => { process.stdout.write(text); process.exit(0); };
    socket.on('error', () => end(''));
    socket.on('data', (data) => end(String(data)));
    socket.write(Buffer.from('${bytes.toString('hex')}', 'hex'));
    setTimeout(end, 15000, '');`;
  return exec(from, 'node', '--eval', script);
}

describe.each(['postgres', 'redis'] as const)('%s', (name) => {
  const { port, bytes, reply } = greetings[name];

  it('publishes no port', async () => {
    const { HostConfig, NetworkSettings } = await container(name);
    expect(HostConfig.PortBindings ?? {}).toEqual({});
    expect(Object.values(NetworkSettings.Ports).filter(Boolean)).toEqual([]);
  });

  it('cannot be reached from the host, not even at its address in Docker’s network', async () => {
    const { NetworkSettings } = await container(name);
    const addresses = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
    expect(addresses).toHaveLength(1);
    for (const address of ['127.0.0.1', ...addresses])
      expect(await answer(address, port, bytes)).not.toMatch(reply);
  });

  it('is reached by those that use it, and by nobody else', async () => {
    const users = name === 'redis' ? ['auth-service'] : services;
    const reached = [];
    for (const from of [...services, 'storefront', 'gift-ideas', 'example-id', 'front']) {
      if (reply.test(await answerWithin(await container(from), name, port, bytes))) reached.push(from);
    }
    expect(reached).toEqual(users);
  });
});

describe('the networks', () => {
  it('lead nowhere outside, but for the one that the front alone is on', async () => {
    const outward = (await containers()).filter(({ NetworkSettings }) =>
      Object.keys(NetworkSettings.Networks).some((network) => network.endsWith('_edge')),
    );
    expect(outward.map(serviceOf)).toEqual(['front']);
    for (const name of [...services, 'storefront', 'gift-ideas', 'example-id', 'redis', 'postgres']) {
      const routes = await exec(await container(name), 'cat', '/proc/net/route');
      // The default route has destination 0.
      expect(routes).not.toMatch(/^\S+\s+00000000\s/m);
    }
  });
});
