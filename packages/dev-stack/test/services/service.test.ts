import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@latchkey/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../src/processes/ports.ts';
import { watchLog } from '../../src/services/log-watch.ts';
import { createService, type Service } from '../../src/services/service.ts';
import { isAlive } from '../alive.ts';

let directory: string;
const services: Service[] = [];
const crashes: string[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
});
afterEach(async () => {
  for (const service of services.splice(0)) await service.stop();
  crashes.length = 0;
  rmSync(directory, { recursive: true, force: true });
});

async function create(fault = ''): Promise<Service> {
  const port = await freePort();
  const definition = {
    name: 'fixture-service',
    directory: join(import.meta.dirname, '..', 'fixtures', 'service'),
    defaultPort: port,
    portVariable: 'FIXTURE_PORT',
  };
  const service = createService(definition, {
    port,
    env: { PORT: String(port), FAULT: fault },
    logFile: join(directory, 'fixture.log'),
    onCrash: (message) => crashes.push(message),
  });
  services.push(service);
  return service;
}

test('a service is ready when start() resolves, and gone when stop() does', async () => {
  const service = await create();
  await service.start();
  const pid = Number(await (await fetch(service.url)).text());
  expect(pid).toBe(service.pid);
  await service.stop();
  expect(isAlive(pid)).toBe(false);
  expect(service.pid).toBeUndefined();
  expect(crashes).toEqual([]);
});

test('a killed service starts again at the same address, and its log goes on', async () => {
  const service = await create();
  await service.start();
  await service.kill();
  await expect(fetch(service.url)).rejects.toThrow();
  await service.start();
  expect((await fetch(service.url)).ok).toBe(true);
  expect(service.logs().match(/listening/g)).toHaveLength(2);
});

test.each([
  [
    'fatal',
    /^fixture-service does not start \(exit code 1\): the database does not let us in \(log: .*fixture\.log\)$/,
  ],
  ['throw', /: ConfigError: The configuration is not valid: - PORT is missing - ISSUER is missing \(log: /],
  ['text', /: no port was given \(log: /],
  ['disk', /: The disk is full: free some space and start again\. \(log: /],
])('a service that fails at start (%s) gives its reason in one line', async (fault, message) => {
  const service = await create(fault);
  const error = await service.start().catch((reason: Error) => reason);
  expect(error).toMatchObject({ name: 'DevStackError', message: expect.stringMatching(message) });
  expect((error as Error).message).not.toContain('\n');
});

test('aborting a start ends the service', async () => {
  const service = await create('never-ready');
  const controller = new AbortController();
  const started = service.start(controller.signal);
  await eventually('the service has been started', () => expect(service.pid).toBeGreaterThan(0));
  const pid = service.pid as number;
  controller.abort(new Error('Stopped.'));
  await expect(started).rejects.toThrow('Stopped.');
  expect(isAlive(pid)).toBe(false);
});

test('a service that ends by itself is reported once, with its log', async () => {
  const service = await create();
  await service.start();
  await fetch(`${service.url}/crash`).catch(() => {});
  await eventually('the crash is reported', () =>
    expect(crashes).toEqual([
      expect.stringMatching(/^fixture-service ended \(exit code 7\): .*fixture\.log/),
    ]),
  );
});

test('a service that fails again is told of by what it says now, not by what it said before', async () => {
  const service = await create('disk');
  await expect(service.start()).rejects.toThrow('The disk is full');
  service.configure({ FAULT: 'fatal' });
  await expect(service.start()).rejects.toThrow('the database does not let us in');
  service.configure({ FAULT: 'throw' });
  await expect(service.start()).rejects.toThrow('ConfigError: The configuration is not valid');
  service.configure({ FAULT: 'text' });
  await expect(service.start()).rejects.toThrow('no port was given');
});

test('warnings in the log are passed on once each, and information is not', async () => {
  const service = await create();
  await service.start();
  const faults: string[] = [];
  const end = watchLog(join(directory, 'fixture.log'), (message) => faults.push(message));
  await fetch(`${service.url}/warn`);
  await fetch(`${service.url}/warn`);
  await eventually('the fault is reported', () => expect(faults).toEqual(['running low']));
  end();
});
