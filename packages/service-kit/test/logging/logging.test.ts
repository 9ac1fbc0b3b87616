import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Type } from 'typebox';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLogger } from '../../src/logging/logging.ts';
import { serviceUnderTest } from '../service-under-test.ts';

const jwt = 'eyJhbGciOiJSUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';
const refresh = 'rt1.k1.f-Zm9v_bar.17.bWFjLW9mLXRoZS10b2tlbg';
const password = 'correct-horse-battery-staple';
const cookie = '__Host-session=s3ss10n';
const secrets = /eyJ|rt1\.|c2lnbmF0dXJl|bWFjLW9m|correct-horse|s3ss10n/;

describe('the log of a service', () => {
  it('holds no token, password or cookie, wherever one is sent', async () => {
    const { app, logText, logLines } = await serviceUnderTest({ logLevel: 'trace' });
    const body = Type.Object({ password: Type.String(), refresh_token: Type.Optional(Type.String()) });
    app.post('/sign-in', { schema: { body } }, async (request) => {
      request.log.info({ body: request.body, headers: request.headers }, 'a careless line');
      request.log.info({ nested: { deep: { password } } }, 'a deeper one');
      request.log.warn(`Bearer ${jwt} and ${refresh}`);
      throw new Error(`cannot verify ${jwt}`, { cause: new Error(refresh) });
    });
    app.get('/items/:sku', async () => ({}));
    await app.ready();
    const headers = {
      authorization: `Bearer ${jwt}`,
      cookie,
      'x-unheard-of': jwt,
      'content-type': 'application/json',
    };
    await app.inject({
      method: 'POST',
      url: '/sign-in',
      payload: { password, refresh_token: refresh },
      headers,
    });
    await app.inject({
      method: 'POST',
      url: `/sign-in?access_token=${jwt}&password=${password}`,
      payload: { password, unknown: refresh },
      headers,
    });
    await app.inject({
      method: 'POST',
      url: '/sign-in',
      payload: `{"password":${password}, ${jwt} ${refresh}`,
      headers,
    });
    await app.inject({ method: 'POST', url: '/sign-in', payload: { password: [password] }, headers });
    await app.inject({
      method: 'POST',
      url: '/sign-in',
      payload: jwt,
      headers: { ...headers, 'content-type': jwt },
    });
    await app.inject({ url: `/items/${refresh}?p=${password}`, headers });
    await app.inject({ url: `/no/${jwt}/${password}`, headers });
    await app.inject({ url: `/items/%E0%A4%A?${jwt}${password}`, headers });
    await app.inject({ url: '/live', headers: { ...headers, 'x-request-id': refresh, traceparent: jwt } });
    await app.close();

    expect(logLines().length).toBeGreaterThan(9);
    expect(logText()).not.toMatch(secrets);
    expect(logText()).toContain('[redacted]');
    expect(logText()).toContain('[token]');
  });

  it('cannot be made to contain a line that a caller wrote', async () => {
    const { app, logLines } = await serviceUnderTest();
    const forged = '\n{"level":"fatal","msg":"forged"}\n';
    app.post('/note', { schema: { body: Type.Object({ note: Type.String() }) } }, async (request) => {
      request.log.info({ note: request.body.note }, `note: ${request.body.note}`);
      throw new Error(request.body.note);
    });
    await app.inject({ method: 'POST', url: '/note', payload: { note: `${forged}\u2028\r` } });
    await app.inject({ url: `/x${encodeURIComponent(forged)}`, headers: { 'user-agent': 'a\tb' } });
    await app.close();
    const lines = logLines();
    expect(lines).toHaveLength(3);
    expect(lines.filter((line) => line.level === 'fatal')).toEqual([]);
  });

  it('has one line for each request: debug when it went well, info when refused, error when it failed', async () => {
    const { app, logLines } = await serviceUnderTest();
    app.get('/fails', async () => {
      throw new Error('bug');
    });
    for (const url of ['/live', '/nothing', '/fails']) await app.inject(url);
    await app.close();
    expect(logLines().map(({ level, status, code }) => [level, status, code])).toEqual([
      ['debug', 200, undefined],
      ['info', 404, 'not_found'],
      ['error', 500, 'internal_server_error'],
    ]);
  });

  it('at level info is silent about requests that went well', async () => {
    const { app, logText } = await serviceUnderTest({ logLevel: 'info' });
    await app.inject('/live');
    await app.close();
    expect(logText()).toBe('');
  });
});

describe('an error in the log', () => {
  it('has no query parameters and no properties of its own, but its causes', () => {
    let text = '';
    const log = createLogger({
      name: 'test',
      level: 'info',
      destination: { write: (line) => (text += line) },
    });
    const cause = Object.assign(new Error('duplicate key'), {
      code: '23505',
      detail: `Key (name)=(${password})`,
    });
    const error = new Error(`Failed query: insert into accounts values ($1)\nparams: alice,\n${password}`, {
      cause,
    });
    log.error({ err: error }, 'failed');
    expect(text).toContain('insert into accounts');
    expect(text).toContain('"code":"23505"');
    expect(text).toContain('logging.test.ts');
    expect(text).not.toMatch(/alice|correct-horse/);
  });
});

// A device whose every write is refused with ENOSPC.
const fullDisk = '/dev/full';

describe.skipIf(!existsSync(fullDisk))('a service whose standard output is on a full disk', () => {
  it('goes on, keeps lines until there is room, and tells how many were lost', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'full-disk-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'log');
    // The lowest free descriptor is the next: so standard output becomes a file.
    const program = `
      import { closeSync, openSync } from 'node:fs';
      import { setImmediate as turn } from 'node:timers/promises';
      import { createLogger } from '${new URL('../../src/logging/logging.ts', import.meta.url)}';
      const log = createLogger({ name: 'cart-service', level: 'info' });
      for (let line = 1; line <= 3000; line += 1) log.info({ line, filler: 'x'.repeat(1000) }, 'written');
      log.fatal('the worst');
      closeSync(1);
      if (openSync(process.argv[1], 'a') !== 1) throw new Error('not standard output');
      log.info('there is room');
      await turn();
      log.info('the last');`;
    const full = openSync(fullDisk, 'w');
    const child = spawn(process.execPath, ['--input-type=module', '-e', program, file], {
      stdio: ['ignore', full, 'inherit'],
    });
    closeSync(full);
    expect(await once(child, 'exit')).toEqual([0, null]);
    const lines = readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const kept = lines.flatMap(({ line }) => line ?? []);
    expect(kept.length).toBeGreaterThan(900);
    expect(kept).toEqual(kept.map((_, index) => index + 1));
    expect(lines.slice(kept.length)).toMatchObject([
      { msg: 'the worst' },
      { msg: 'there is room' },
      { level: 'error', lines: 3000 - kept.length, msg: expect.stringContaining('lost') },
      { msg: 'the last' },
    ]);
  });
});
