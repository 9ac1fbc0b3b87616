import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { eventually } from '@latchkey/testing';
import { loopbackAddresses } from '@latchkey/testing/loopback';
import { afterEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../fixtures/slow-service.ts', import.meta.url));
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill('SIGKILL');
});

type Started = {
  child: ChildProcess;
  output(): string;
  exit: Promise<number | null>;
  /** Resolves when the log holds the text. */
  logged(text: string): Promise<void>;
};

function start(port = 0, shutdownTimeoutMs = 60_000, drainMs = 250): Started {
  const child = spawn(process.execPath, [program, ...[port, shutdownTimeoutMs, drainMs].map(String)], {
    stdio: ['pipe', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
  const exit = once(child, 'close').then(([code]) => {
    running.delete(child);
    return code as number | null;
  });
  const logged = async (text: string) => {
    await eventually(`"${text}" is logged`, () => expect(output).toContain(text));
  };
  return { child, output: () => output, exit, logged };
}

async function startAndListen(
  shutdownTimeoutMs?: number,
  drainMs?: number,
): Promise<Started & { port: number }> {
  const started = start(0, shutdownTimeoutMs, drainMs);
  await started.logged('listening on');
  const port = Number(/listening on http:\/\/127\.0\.0\.1:(\d+)/.exec(started.output())?.[1]);
  return { ...started, port };
}

type Answer = {
  status: number;
  connection: string | undefined;
};

/** An error tells whether the connection had served another request before. */
const get = (port: number, path: string, agent: http.Agent, host = '127.0.0.1'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const request = http.get({ host, port, path, agent }, (response) => {
      const { statusCode: status = 0, headers } = response;
      response.resume();
      response.on('end', () => resolve({ status, connection: headers.connection }));
      response.on('error', reject);
    });
    request.on('error', (error) => reject(Object.assign(error, { isReused: request.reusedSocket })));
  });

/** Waits until this many slow requests have arrived. */
const underWay = (port: number, count: number): Promise<void> =>
  eventually('the requests are under way', async () =>
    expect(await (await fetch(`http://127.0.0.1:${port}/under-way`)).json()).toBe(count),
  );

describe('runService', () => {
  it('finishes every request in flight on SIGTERM, and loses none that was accepted', async () => {
    const { child, port, exit, output } = await startAndListen();
    const agent = new http.Agent({ keepAlive: true });
    const outcomes: (number | string)[] = [];
    // A well-behaved client keeps its connection until the server tells it to close. If it finds an idle one closed, because
    // it stood still meanwhile, it repeats the request on another (RFC 9112 §9.3.1).
    const client = async (index: number): Promise<void> => {
      for (;;) {
        const answer = await get(
          port,
          `/work?ms=${index % 20}`,
          agent,
          loopbackAddresses[index % loopbackAddresses.length],
        ).catch((error: { code?: string; isReused: boolean }) => error);
        if ('isReused' in answer && answer.isReused && answer.code === 'ECONNRESET') continue;
        outcomes.push('status' in answer ? answer.status : String(answer.code));
        if (!('status' in answer) || answer.connection === 'close') return;
        await delay(index % 7);
      }
    };
    const clients = Array.from({ length: 20 }, (_, index) => client(index));
    await eventually('a hundred requests are answered', () => expect(outcomes.length).toBeGreaterThan(100));
    const slow = Array.from({ length: 10 }, (_, index) =>
      get(port, '/work?ms=1500', agent, loopbackAddresses[index % loopbackAddresses.length]),
    );
    await underWay(port, 10);
    child.kill('SIGTERM');
    expect((await Promise.all(slow)).map(({ status }) => status)).toEqual(
      Array.from({ length: 10 }, () => 200),
    );
    await Promise.all(clients);
    expect(await exit).toBe(0);
    agent.destroy();
    // A client that comes after the draining is refused a connection, so its request was never accepted.
    expect(outcomes.filter((outcome) => outcome !== 200 && outcome !== 'ECONNREFUSED')).toEqual([]);
    const answered = slow.length + outcomes.filter((outcome) => outcome === 200).length;
    expect(output()).toMatch(
      new RegExp(`"signal":"SIGTERM".*\n.*"served":${answered},.*resources closed.*\n.*stopped`),
    );
  });

  it('answers requests that reached it before it closes idle connections, however late it looks', async () => {
    const { child, port, exit, logged } = await startAndListen();
    const agents = Array.from({ length: 5 }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }));
    for (const agent of agents) await get(port, '/live', agent);
    await get(port, '/stall-while-closing', new http.Agent());
    child.kill('SIGTERM');
    await logged('stalled');
    const requests = agents.map((agent) => http.get({ host: '127.0.0.1', port, path: '/live', agent }));
    await Promise.all(requests.map((request) => once(request, 'finish')));
    const answers = requests.map((request) => once(request, 'response') as Promise<[http.IncomingMessage]>);
    child.stdin?.write('go on');
    for (const [answer] of await Promise.all(answers)) {
      answer.resume();
      expect([answer.statusCode, answer.headers.connection]).toEqual([200, 'close']);
    }
    expect(await exit).toBe(0);
  });

  it('is not ready while it drains, and asks clients to go elsewhere', async () => {
    const { child, port } = await startAndListen(60_000, 60_000);
    const ask = () => fetch(`http://127.0.0.1:${port}/ready`);
    let response = await ask();
    child.kill('SIGINT');
    // A busy machine may notice the signal late.
    while (response.status === 200) response = await ask();
    expect(response.status).toBe(503);
    expect(response.headers.get('connection')).toBe('close');
  });

  it('goes on for as long as it is told to, and does not count that against requests in flight', async () => {
    const { child, port, exit, logged } = await startAndListen(5_000, 12_000);
    const quiet = new http.Agent({ keepAlive: true });
    await get(port, '/live', quiet);
    const toldAt = performance.now();
    child.kill('SIGTERM');
    await logged('stopping');
    const statuses = new Set<unknown>();
    while (performance.now() - toldAt < 5_500)
      statuses.add((await get(port, '/ready', new http.Agent())).status);
    expect(statuses).toEqual(new Set([503]));
    expect(await get(port, '/live', quiet)).toEqual({ status: 200, connection: 'close' });
    expect(await exit).toBe(0);
  });

  it('ends idle: neither an open keep-alive connection nor an answer without an end holds it up', async () => {
    const { child, port, exit } = await startAndListen();
    const agent = new http.Agent({ keepAlive: true });
    await get(port, '/live', agent);
    const unused = net.connect(port, '127.0.0.1');
    unused.on('error', () => {});
    await once(unused, 'connect');
    const endless = await fetch(`http://127.0.0.1:${port}/endless`);
    child.kill('SIGTERM');
    // The stream ends itself when the service begins to stop.
    expect(await endless.text()).toBe('for ever\nand a day\n');
    // Exit code 1 would mean that the service gave up on it.
    expect(await exit).toBe(0);
    agent.destroy();
    unused.destroy();
  });

  it('gives up on requests that outlast the timeout', async () => {
    const { child, port, exit, output } = await startAndListen(500);
    // Opens a connection first, so that the request uses an existing one.
    await get(port, '/live', http.globalAgent);
    const lost = get(port, '/work?ms=60000', http.globalAgent).catch(
      (error: { code?: string }) => error.code,
    );
    await underWay(port, 1);
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(await lost).toBe('ECONNRESET');
    expect(output()).toContain('requests did not finish in time');
  });

  it('exits at once on a second signal', async () => {
    const { child, port, exit, logged, output } = await startAndListen();
    await get(port, '/live', http.globalAgent);
    void get(port, '/work?ms=60000', http.globalAgent).catch(() => {});
    await underWay(port, 1);
    child.kill('SIGTERM');
    await logged('stopping');
    child.kill('SIGTERM');
    expect(await exit).toBe(1);
    expect(output()).not.toContain('did not finish in time');
  });

  it.each(loopbackAddresses)(
    'says in one line that the port is taken at %s, and closes what was opened',
    async (host) => {
      const holder = net.createServer().listen(0, host);
      await once(holder, 'listening');
      const { port } = holder.address() as AddressInfo;
      const { exit, output } = start(port);
      expect(await exit).toBe(1);
      holder.close();
      const lines = output()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { level: string; msg: string });
      expect(lines.filter(({ level }) => level === 'fatal').map(({ msg }) => msg)).toEqual([
        `${host.includes(':') ? `[${host}]` : host}:${port} is in use: stop what listens there, or set PORT to another port`,
      ]);
      expect(output()).toContain('resources closed');
      expect(output()).not.toMatch(/stack|node:net/);
    },
  );
});
