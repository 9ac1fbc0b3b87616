import { randomBytes } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { bearer, startAuthApp, testIssuer, testPassword } from '../../support/auth-app.ts';
import {
  authorize,
  callback,
  createBrowser,
  createFlow,
  nextPage,
  registerApplication,
  returned,
  signInAt,
  somebody,
} from './authorization-fixture.ts';

const auth = await forThisFile(startAuthApp());
const { app } = auth;
const name = 'Gifts <b>&amp;</b> "more"';
const application = await registerApplication(auth, { name });

/** Opens the first page of a request in a new browser. */
async function openPageOf(url: string) {
  const browser = createBrowser(app);
  return browser.get(nextPage(await browser.get(url)));
}

const passwordField = 'name="password"';

test('the pages run no script, and are in no frame', async () => {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(application.id).url));
  const { headers, body } = await browser.get(page);
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('script-src');
  expect(headers).toMatchObject({
    'cache-control': 'no-store',
    'referrer-policy': 'same-origin',
    'x-frame-options': 'DENY',
  });
  expect(body).toContain('Gifts &lt;b&gt;&amp;amp;&lt;/b&gt; &quot;more&quot;');
  expect(body).not.toContain('<b>');
});

test('the pages have an empty icon, and may show it, so that no browser asks for another one', async () => {
  const { headers, body } = await openPageOf(createFlow(application.id).url);
  expect(body).toContain('<link rel="icon" href="data:,">');
  expect(String(headers['content-security-policy'])).toContain('; img-src data:;');
});

// Browsers hold each redirect after a form against form-action, and CSP Level 3 §2.3.1 has no source for an IPv6 address.
test.each([
  ['https://app.example/callback'],
  ['http://127.0.0.1:49152/callback'],
  ['http://[::1]:49152/callback'],
  ['com.example.app:/callback'],
])('no page keeps a form from leading to %s, or from there to another origin', async (redirect_uri) => {
  const { id } = await registerApplication(auth, {
    redirect_uris: [redirect_uri],
    post_logout_redirect_uris: [redirect_uri],
  });
  const browser = createBrowser(app);
  const changes = { redirect_uri, prompt: 'select_account consent' };
  const page = await signInAt(browser, createFlow(id, changes).url, await somebody(app));
  const consent = await browser.get(page);
  expect(consent.body).toContain('value="allow"');
  const account = await browser.get(nextPage(await browser.get(createFlow(id, changes).url)));
  expect(account.body).toContain('value="continue"');
  const leaving = new URLSearchParams({ client_id: id, post_logout_redirect_uri: redirect_uri });
  const signOut = await browser.get(`/end-session?${leaving}`);
  expect(signOut.body).toContain('value="yes"');
  const refused = createFlow(id, { redirect_uri, prompt: 'none', response_mode: 'form_post' });
  const answer = await browser.get(refused.url);
  expect(answer.body).toContain(`action="${redirect_uri}"`);
  const signIn = await openPageOf(createFlow(id, { redirect_uri }).url);
  expect(signIn.body).toContain(passwordField);
  for (const { headers } of [signIn, consent, account, signOut, answer])
    expect(headers['content-security-policy']).not.toMatch(/form-action|\[/);
});

test('a page whose forms lead to nobody else says so', async () => {
  const browser = createBrowser(app);
  await signInAt(browser, createFlow(application.id).url, await somebody(app));
  const policyOf = async (url: string) => (await browser.get(url)).headers['content-security-policy'];
  expect(await policyOf('/end-session')).toContain(`form-action 'self' ${testIssuer};`);
  expect(await policyOf('/authorize')).toContain("form-action 'none'");
});

test('an application’s logo is the only other image that its pages may show', async () => {
  const logo = 'https://cdn.example:8443/a"b\'c.png?size=1&x=<b>';
  const { id } = await registerApplication(auth, { logo_uri: encodeURI(logo) });
  const { headers, body } = await openPageOf(createFlow(id).url);
  expect(String(headers['content-security-policy'])).toContain('; img-src data: https://cdn.example:8443;');
  expect(body).toContain('src="https://cdn.example:8443/a%22b&#39;c.png?size=1&amp;x=%3Cb%3E"');
  expect(headers['cross-origin-embedder-policy']).toBeUndefined();
});

test('a client of ours says that it is, and an application of somebody else does not', async () => {
  const ours = createFlow('latchkey-cli', { redirect_uri: 'http://127.0.0.1/callback', scope: '' });
  expect((await openPageOf(ours.url)).body).toContain('is part of this shop');
  expect((await openPageOf(createFlow(application.id).url)).body).not.toContain('is part of this shop');
});

test.each([
  ['http://cdn.example/a.png'],
  ['javascript:alert(1)'],
  ['https://cdn.example;script-src *'],
  ['data:,'],
])('a logo at %s cannot be registered', async (logo_uri) => {
  await expect(registerApplication(auth, { logo_uri })).rejects.toThrow('logo_uri cannot be used');
});

test('what a client or a person writes is escaped', async () => {
  const browser = createBrowser(app);
  const login_hint = '"><script>alert(1)</script>';
  const page = nextPage(await browser.get(createFlow(application.id, { login_hint }).url));
  expect((await browser.get(page)).body).not.toContain('<script');
  const answer = await browser.post(page, { action: 'sign_in', username: login_hint, password: 'wrong' });
  expect(answer.statusCode).toBe(400);
  expect(answer.body).not.toContain('<script');
});

describe('a wrong sign-in', () => {
  test('shows the page again, with the name and without the password', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    const page = nextPage(await browser.get(createFlow(application.id).url));
    const answer = await browser.post(page, { action: 'sign_in', username, password: 'not-this-one' });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain('role="alert"');
    expect(answer.body).toContain(`value="${username}"`);
    expect(answer.body).not.toContain('not-this-one');
    expect((await browser.post(page, { action: 'sign_in', username, password: '' })).statusCode).toBe(400);
  });

  test.each([
    ['a NUL character', `${testPassword}\0`],
    ['more characters than any has', 'x'.repeat(3000)],
  ])('by a password with %s is one', async (_, password) => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    const page = nextPage(await browser.get(createFlow(application.id).url));
    const answer = await browser.post(page, { action: 'sign_in', username, password });
    expect(answer.statusCode).toBe(400);
    expect(answer.body).toContain(`value="${username}"`);
  });

  test('counts against the same limits as at POST /sessions', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    const page = nextPage(await browser.get(createFlow(application.id).url));
    let status = 0;
    for (let attempt = 0; attempt < 30 && status !== 429; attempt++)
      status = (await browser.post(page, { action: 'sign_in', username, password: 'wrong' })).statusCode;
    expect(status).toBe(429);
  });
});

describe('another site', () => {
  test.each([
    ['its own origin', { origin: 'https://evil.example' }],
    ['no origin', { origin: '' }],
    ['an opaque origin', { origin: 'null' }],
  ])('cannot send our forms: %s', async (_, headers) => {
    const browser = createBrowser(app);
    const page = await signInAt(browser, createFlow(application.id).url, await somebody(app));
    expect((await browser.post(page, { action: 'allow' }, headers)).statusCode).toBe(403);
    expect((await browser.get(page)).body).toContain('value="allow"');
  });

  test('cannot have another browser continue a request that it began (session fixation)', async () => {
    const attacker = createBrowser(app);
    const page = nextPage(await attacker.get(createFlow(application.id).url));
    const victim = createBrowser(app);
    expect((await victim.get(page)).statusCode).toBe(404);
    const form = { action: 'sign_in', username: await somebody(app), password: testPassword };
    expect((await victim.post(page, form)).statusCode).toBe(404);
    // Also not with a browser id of its own.
    await victim.get(createFlow(application.id).url);
    expect((await victim.post(page, form)).statusCode).toBe(404);
  });

  test('cannot plant a login: each sign-in has a new id, and the old one ends', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), username);
    const loginCookie = [...browser.cookies.keys()].find((cookie) => cookie.includes('login')) ?? '';
    const planted = browser.cookies.get(loginCookie) ?? '';
    const again = createFlow(application.id, { prompt: 'login' });
    const page = nextPage(await browser.get(again.url));
    await browser.post(page, { action: 'sign_in', username, password: testPassword });
    expect(browser.cookies.get(loginCookie)).not.toBe(planted);
    const thief = createBrowser(app);
    thief.cookies.set(loginCookie, planted);
    expect((await thief.get(nextPage(await thief.get(createFlow(application.id).url)))).body).toContain(
      passwordField,
    );
  });
});

describe('a cookie that another application has set with the name of ours', () => {
  const formOfOurs = (name: string) => (name.includes('login') ? `0-${'a'.repeat(43)}` : 'a'.repeat(22));
  type Order = (ours: readonly string[], name: string) => readonly string[];
  const orders: [string, Order][] = [
    ['stands first', (ours) => ['foreign', ...ours]],
    ['stands last', (ours) => [...ours, 'foreign']],
    ['stands first and has the form of ours', (ours, name) => [formOfOurs(name), ...ours]],
    ['stands last and has the form of ours', (ours, name) => [...ours, formOfOurs(name)]],
    ['has many values', (ours) => [...Array(50).fill('foreign'), ...ours, ...Array(50).fill('foreign')]],
  ];

  /** A browser to which `order` applies from when `plant` is called. */
  async function createPlantedBrowser(order: Order) {
    const known = createBrowser(app);
    await signInAt(known, createFlow(application.id).url, await somebody(app));
    let isPlanted = false;
    const browser = createBrowser(app, undefined, (cookies) =>
      [...known.cookies.keys()]
        .flatMap((name) => {
          const ours = [cookies.get(name) ?? []].flat();
          return (isPlanted ? order(ours, name) : ours).map((value) => `${name}=${value}`);
        })
        .join('; '),
    );
    return Object.assign(browser, {
      plant: () => {
        isPlanted = true;
      },
    });
  }

  test.each(orders)('keeps nobody from signing in, and from staying so, when it %s', async (_what, order) => {
    const browser = await createPlantedBrowser(order);
    browser.plant();
    const { code } = await authorize(browser, createFlow(application.id), await somebody(app));
    expect(code).toBeDefined();
    const silent = await browser.get(createFlow(application.id, { prompt: 'none' }).url);
    expect(returned(silent)).toHaveProperty('code');
  });

  test.each(orders)('lets a request go on that began before, when it %s', async (_what, order) => {
    const browser = await createPlantedBrowser(order);
    const page = await signInAt(browser, createFlow(application.id).url, await somebody(app));
    browser.plant();
    nextPage(await browser.post(page, { action: 'allow' }));
    expect(returned(await browser.get(page))).toHaveProperty('code');
    // The login that it replaces is ours.
    const login = [...browser.cookies].find(([name]) => name.includes('login'));
    await authorize(browser, createFlow(application.id, { prompt: 'login' }), await somebody(app));
    const before = createBrowser(app);
    before.cookies.set(...(login ?? expect.fail('nobody has signed in')));
    expect(returned(await before.get(createFlow(application.id, { prompt: 'none' }).url))).toMatchObject({
      error: 'login_required',
    });
  });
});

test('nobody can allow what they have not seen', async () => {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(application.id).url));
  await browser.post(page, { action: 'allow' });
  await browser.post(page, { action: 'sign_in', username: await somebody(app), password: testPassword });
  expect((await browser.get(page)).body).toContain('value="allow"');
});

test('what somebody did for a request counts for nobody else who signs in meanwhile in another tab', async () => {
  const browser = createBrowser(app);
  const strict = createFlow(application.id, { prompt: 'login consent' });
  const page = await signInAt(browser, strict.url, await somebody(app));
  await browser.post(page, { action: 'allow' });
  await signInAt(browser, createFlow(application.id, { prompt: 'login' }).url, await somebody(app));
  expect((await browser.get(page)).body).toContain(passwordField);
});

test('a program on the same device cannot use a login without the person', async () => {
  const redirect_uri = 'http://127.0.0.1:49152/callback';
  const browser = createBrowser(app);
  const username = await somebody(app);
  await authorize(browser, createFlow(application.id), username);
  const flow = createFlow('latchkey-cli', { redirect_uri, scope: 'cart:read' });
  const page = nextPage(await browser.get(flow.url));
  expect((await browser.get(page)).body).toContain(`Continue as ${username}`);
  await browser.post(page, { action: 'continue' });
  expect(returned(await browser.get(page), redirect_uri)['code']).toBeDefined();
  const silent = createFlow('latchkey-cli', { redirect_uri, scope: 'cart:read', prompt: 'none' });
  expect(returned(await browser.get(silent.url), redirect_uri)['error']).toBe('account_selection_required');
});

test('a request is answered once, in however many tabs', async () => {
  const browser = createBrowser(app);
  const page = await signInAt(browser, createFlow(application.id).url, await somebody(app));
  await browser.post(page, { action: 'allow' });
  const answers = await Promise.all([browser.get(page), browser.get(page), browser.get(page)]);
  expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([303, 404, 404]);
});

test.each([
  [
    'a body that is too large',
    { 'content-type': 'application/x-www-form-urlencoded' },
    'x'.repeat(70_000),
    413,
  ],
  ['a body of another type', { 'content-type': 'application/json' }, '{}', 415],
  ['an unknown action', { 'content-type': 'application/x-www-form-urlencoded' }, 'action=grant', 400],
])('%s is answered with a page', async (_, headers, payload, status) => {
  const browser = createBrowser(app);
  const page = nextPage(await browser.get(createFlow(application.id).url));
  const answer = await app.inject({
    method: 'POST',
    url: page.replace(testIssuer, ''),
    headers: { ...headers, origin: testIssuer },
    payload,
  });
  expect(answer.statusCode).toBe(status);
  expect(answer.headers['content-type']).toContain('text/html');
});

test('one network can have 200 requests kept in ten minutes, and another one is not affected', async () => {
  const browser = createBrowser(app);
  const begin = async () => (await browser.get(createFlow(application.id).url)).statusCode;
  const statuses = await Promise.all(Array.from({ length: 300 }, begin));
  // One more is allowed every three seconds.
  expect(statuses.filter((status) => status === 303).length).toBeGreaterThanOrEqual(200);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
  nextPage(await createBrowser(app).get(createFlow(application.id).url));
});

describe('OpenID Connect', () => {
  test('prompt=none shows no page: login_required and consent_required', async () => {
    const browser = createBrowser(app);
    const silent = () => createFlow(application.id, { prompt: 'none' }).url;
    expect(returned(await browser.get(silent()))).toMatchObject({ error: 'login_required' });
    await signInAt(browser, createFlow(application.id).url, await somebody(app));
    expect(returned(await browser.get(silent()))).toMatchObject({ error: 'consent_required' });
  });

  test('prompt=login and max_age=0 ask for the password of who is signed in; prompt=consent asks again', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), username);
    for (const changes of [{ prompt: 'login' }, { max_age: '0' }] as Record<string, string>[]) {
      const page = nextPage(await browser.get(createFlow(application.id, changes).url));
      expect((await browser.get(page)).body).toContain(passwordField);
      await browser.post(page, { action: 'sign_in', username, password: testPassword });
      expect(returned(await browser.get(page))['code']).toBeDefined();
    }
    const page = nextPage(await browser.get(createFlow(application.id, { prompt: 'consent' }).url));
    expect((await browser.get(page)).body).toContain('value="allow"');
  });

  test('prompt=select_account offers the account that is signed in, or another', async () => {
    const username = await somebody(app);
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), username);
    const choose = async () =>
      nextPage(await browser.get(createFlow(application.id, { prompt: 'select_account' }).url));
    const first = await choose();
    expect((await browser.get(first)).body).toContain(`Continue as ${username}`);
    await browser.post(first, { action: 'continue' });
    expect(returned(await browser.get(first))['code']).toBeDefined();
    const second = await choose();
    expect((await browser.post(second, { action: 'another' })).body).toContain(passwordField);
  });

  test('response_mode=form_post sends the answer in a form that works without script', async () => {
    const browser = createBrowser(app);
    await authorize(browser, createFlow(application.id), await somebody(app));
    const flow = createFlow(application.id, { response_mode: 'form_post', state: '"><script>' });
    const { statusCode, body, headers } = await browser.get(flow.url);
    expect(statusCode).toBe(200);
    expect(body).toContain(`<form method="post" action="${callback}">`);
    expect(body).toContain('name="code"');
    // Against mix-up (RFC 9700 §4.4.2.1, RFC 9207).
    expect(body).toContain(`name="iss" value="${testIssuer}"`);
    expect(body).toContain('<button');
    expect(body).not.toContain('"><script>');
    const korean = createFlow(application.id, { response_mode: 'form_post' });
    expect((await browser.get(korean.url, { 'accept-language': 'ko' })).body).toContain('<html lang="ko">');
    expect(String(headers['content-security-policy'])).toMatch(/script-src 'sha256-[\w+/]{43}='/);
  });

  test('the request may come as a form', async () => {
    const browser = createBrowser(app);
    const { parameters } = createFlow(application.id);
    nextPage(await browser.post('/authorize', parameters, { origin: 'https://app.example' }));
  });

  test('UserInfo wants the scope openid, and a token', async () => {
    const flow = createFlow(application.id, { scope: 'wishlist:read' });
    const { code = '' } = await authorize(createBrowser(app), flow, await somebody(app));
    const { access_token: token, id_token: idToken } = (await flow.redeem(app, code)).json();
    expect(idToken).toBeUndefined();
    expect((await app.inject({ url: '/userinfo', headers: bearer(token) })).statusCode).toBe(401);
    expect((await app.inject('/userinfo')).statusCode).toBe(401);
  });
});

test('a changed password ends the logins of all browsers', async () => {
  const username = await somebody(app);
  const browser = createBrowser(app);
  await authorize(browser, createFlow(application.id), username);
  const own = await app.inject({
    method: 'POST',
    url: '/sessions',
    payload: { client_id: 'latchkey-cli', username, password: testPassword },
  });
  const changed = await app.inject({
    method: 'PUT',
    url: '/account/password',
    headers: bearer(own.json().access_token),
    payload: { current_password: testPassword, new_password: randomBytes(16).toString('hex') },
  });
  expect(changed.statusCode).toBe(204);
  const silent = createFlow(application.id, { prompt: 'none' });
  expect(returned(await browser.get(silent.url))['error']).toBe('login_required');
});
