import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
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
