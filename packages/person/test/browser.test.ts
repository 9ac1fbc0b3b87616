import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrowser } from '../src/index.ts';

const server = createServer(async (request, response) => {
  const { url = '', method, headers } = request;
  if (url === '/round') return void response.writeHead(303, { location: '/round' }).end();
  if (url === '/set')
    return void response.writeHead(303, { location: '/form', 'set-cookie': ['a=1; Path=/', 'b=2'] }).end();
  if (url === '/unset') response.setHeader('set-cookie', 'a=; Max-Age=0');
  const form = url === '/form' ? '<form method="post" action="/sent"></form>' : '';
  response.end(`${method} ${url} ${headers.cookie} ${headers.origin} ${await text(request)}${form}`);
});
let origin = '';
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());

describe('a browser', () => {
  it('follows redirects, keeps cookies until they are unset, and submits the form of its page', async () => {
    const browser = createBrowser();
    const page = await browser.open(`${origin}/set`);
    expect([page.url, page.status]).toEqual([`${origin}/form`, 200]);
    expect((await browser.submit({ x: 'y z' })).text).toBe(`POST /sent a=1; b=2 ${origin} x=y+z`);
    await browser.open(`${origin}/unset`);
    expect((await browser.open(`${origin}/`)).text).toContain('GET / b=2 undefined');
  });

  it('says so when a page has no form, and when redirects do not end', async () => {
    const browser = createBrowser();
    await browser.open(`${origin}/`);
    await expect(browser.submit({})).rejects.toThrow('/ has no form (200)');
    await expect(browser.open(`${origin}/round`)).rejects.toThrow('redirects more than 10 times');
  });
});
