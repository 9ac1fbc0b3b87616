import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Control, controlSocketIn, type Stoppable, startControl } from '../../src/storefront/control.ts';

let directory: string;
let socket: string;
let control: Control;
let done: string[];
let isStopped: boolean;
let starting: PromiseWithResolvers<void>;

const part: Stoppable = {
  isStopped: () => isStopped,
  async stop() {
    done.push('stop');
    isStopped = true;
  },
  async start(signal) {
    done.push('start');
    signal.addEventListener('abort', () => starting.reject(signal.reason));
    await starting.promise;
    isStopped = false;
  },
};

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  [done, isStopped, starting] = [[], false, Promise.withResolvers()];
  socket = controlSocketIn(directory);
  control = await startControl(socket, { redis: part });
});
afterEach(async () => {
  await control.close();
  rmSync(directory, { recursive: true, force: true });
});

function ask(method: string, path: string, body?: unknown): Promise<{ status: number; answer: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; answer: unknown }>();
  const asked = request({ socketPath: socket, method, path }, async (response) => {
    resolve({ status: response.statusCode ?? 0, answer: await json(response) });
  });
  asked.on('error', reject).end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

test('only its owner may open the socket, and it is gone with the stack', async () => {
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  await control.close();
  expect(() => statSync(socket)).toThrow('ENOENT');
});

test('a part is stopped once, and started again', async () => {
  expect((await ask('GET', '/')).answer).toEqual({ stopped: { redis: false } });
  await ask('PUT', '/redis', { stopped: true });
  expect(await ask('PUT', '/redis', { stopped: true })).toEqual({
    status: 200,
    answer: { stopped: { redis: true } },
  });
  starting.resolve();
  expect((await ask('PUT', '/redis', { stopped: false })).answer).toEqual({ stopped: { redis: false } });
  expect(done).toEqual(['stop', 'start']);
});

test('an unknown part is 404, and a failure is reported', async () => {
  expect((await ask('PUT', '/postgres', { stopped: true })).status).toBe(404);
  isStopped = true;
  const asked = ask('PUT', '/redis', { stopped: false });
  await eventually('the part was started', () => expect(done).toEqual(['start']));
  starting.reject(new Error('it does not start'));
  expect(await asked).toEqual({
    status: 500,
    answer: { message: 'it does not start' },
  });
});

test('closing it ends a start that is under way', async () => {
  isStopped = true;
  const asked = ask('PUT', '/redis', { stopped: false }).catch(() => {});
  await eventually('the part was started', () => expect(done).toEqual(['start']));
  await control.close();
  await asked;
  expect(isStopped).toBe(true);
});

test('where the folder’s path is too long for a socket, it is in a temporary one', () => {
  const path = controlSocketIn(join(directory, 'long'.repeat(30)));
  expect(Buffer.byteLength(path)).toBeLessThan(100);
  rmSync(dirname(path), { recursive: true });
});
