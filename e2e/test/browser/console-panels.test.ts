import { eventually } from '@latchkey/testing';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { seriousFaults } from './axe.ts';
import { arrow, inspector, openPanel, stopwatchIn, verdictsIn } from './console-page.ts';
import { describeInBrowser } from './describe-in-browser.ts';
import { type BrowserSystem, it } from './harness.ts';
import { signInAs } from './shop-page.ts';

const took = /^[\d.,]+\s(ms|s)$/;

/** Every service accepted the token, then refused it, and the time was measured. */
function refusedEverywhere(why: string) {
  const row = [expect.stringContaining('200'), expect.stringContaining(why), expect.stringMatching(took)];
  return { 'cart-service': row, 'wishlist-service': row, 'payment-service': row };
}

const everywhere = (status: string) => {
  const row = expect.arrayContaining([expect.stringContaining(status)]);
  return { 'cart-service': row, 'wishlist-service': row, 'payment-service': row };
};

describeInBrowser('the panels', () => {
  let system: BrowserSystem;
  it.beforeAll(({ sharedSystem }) => {
    system = sharedSystem;
  });

  async function visit(name = 'mina') {
    const { openTab: open, complaints, strangers } = await system.newPerson();
    const page = await open();
    await signInAs(page, name);
    const isClean = () => {
      // Chromium logs this when the page calls a stopped service.
      const others = complaints.filter((text) => !text.includes('net::ERR_CONNECTION_REFUSED'));
      expect({ complaints: others, strangers }).toEqual({ complaints: [], strangers: [] });
    };
    return { page, isClean };
  }

  const signInAgain = async (page: Page) => {
    await page.getByRole('button', { name: 'Sign in again as mina' }).click();
    await page.getByText('Hello, mina.').waitFor();
  };

  it('take a permission and give it back while the page goes on; list devices, rename one, sign one out, and displace a phone', async () => {
    const { page, isClean } = await visit();
    const panel = await openPanel(page, 'Permissions');
    const mayWrite = panel.getByRole('switch', { name: 'cart:write' });
    await panel.getByText('cart:write').click();
    expect(await stopwatchIn(panel)).toEqual(refusedEverywhere('the permissions changed'));
    expect(await mayWrite.isChecked()).toBe(false);
    const missing = [expect.stringMatching(/403.*insufficient_scope/)];
    expect(await verdictsIn(panel, 'With the new token')).toMatchObject({
      ...everywhere('200'),
      'cart-service': expect.arrayContaining(missing),
    });
    await page
      .getByRole('status')
      .getByText(/^Permissions changed\. cart-service 401 refused/)
      .waitFor();
    await page.getByRole('button', { name: 'Add Teapot to the cart' }).click();
    await page.getByText('cart-service requires the permission cart:write').first().waitFor();

    await panel.getByText('cart:write').click();
    await eventually('the permission is back', async () => expect(await mayWrite.isChecked()).toBe(true));
    await eventually('the cart can be written to again', async () =>
      expect(await verdictsIn(panel, 'With the new token')).toMatchObject({
        'cart-service': expect.arrayContaining([expect.stringContaining('204')]),
      }),
    );
    await page.getByRole('button', { name: 'Add Teapot to the cart' }).click();
    await page.getByText('Teapot is in your cart.').first().waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    const other = await visit();
    const devices = await openPanel(page, 'Devices');
    const table = devices.getByRole('table', { name: 'Your sessions' });
    const mine = table.getByRole('row').filter({ hasText: 'this page' });
    await mine.getByRole('button', { name: 'Rename' }).click();
    await mine.getByRole('textbox').fill('The kitchen laptop');
    await mine.getByRole('button', { name: 'Save' }).click();
    await table.getByRole('rowheader', { name: 'The kitchen laptop' }).waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    await devices.getByRole('button', { name: 'Sign a phone in' }).click();
    const phones = devices.getByRole('table', { name: 'Phones: one at a time' });
    await phones.getByText('signed in', { exact: true }).waitFor();
    await devices.getByRole('button', { name: 'Sign a phone in' }).click();
    await phones.getByText('signed out: another device signed in, and only one is allowed').waitFor();
    expect(await stopwatchIn(devices)).toEqual(
      refusedEverywhere('another device signed in, and only one is allowed'),
    );

    await devices.getByRole('button', { name: 'Sign all others out' }).click();
    await other.page.getByRole('button', { name: 'Sign in again as mina' }).waitFor();
    await phones.getByText('signed out: all devices were signed out').waitFor();
    await eventually('one key is left in the table', async () =>
      expect(await table.getByRole('rowheader').count()).toBe(1),
    );
    await table.getByRole('button', { name: /^Sign out: / }).click();
    await page.getByText('You signed out.', { exact: true }).waitFor();
    expect(await page.getByText('You were signed out').count()).toBe(0);
    other.isClean();
    isClean();
  });

  it('forge tokens that every service refuses, steal an access token that works until its owner signs out, and a refresh token whose use ends the session for thief and owner', async () => {
    const { page, isClean } = await visit();
    const panel = await openPanel(page, 'Thief');
    const forgery = panel.getByRole('region', { name: 'Change what it says' });
    for (const [name, lie] of [
      ['May refund payments', /^scope: .*payment:refund/],
      ['Pose as somebody else', /^sub: /],
      ['Never expire', /^exp: 4102444799/],
      ['Send it unsigned', /^alg: none/],
    ] as const) {
      await forgery.getByRole('button', { name }).click();
      await forgery.getByText(lie).waitFor();
      expect(await verdictsIn(forgery, 'What each service answers')).toEqual(everywhere('401'));
    }
    // The page is still signed in, because none of these tokens was its session's own.
    await page.getByText('Hello, mina.').waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    const theft = panel.getByRole('region', { name: 'Steal the access token' });
    await theft.getByRole('button', { name: 'Use it from another machine' }).click();
    const used = await verdictsIn(theft, 'The thief’s machine uses your token');
    expect(used).toEqual(everywhere('200'));
    await theft.getByRole('button', { name: 'Now sign out' }).click();
    expect(await stopwatchIn(theft)).toEqual(refusedEverywhere('signed out'));
    await page.getByText('You signed out.', { exact: true }).waitFor();
    expect(await page.getByText('You signed out elsewhere').count()).toBe(0);
    expect(await seriousFaults(page)).toEqual([]);
    await signInAgain(page);

    await openPanel(page, 'Thief');
    const takeover = panel.getByRole('region', { name: 'Steal the refresh token' });
    await takeover.getByRole('button', { name: 'Steal it and use it' }).click();
    expect(await stopwatchIn(takeover)).toEqual(refusedEverywhere('a sign of theft'));
    const steps = takeover.getByRole('table', { name: 'What happened, in order' }).getByRole('rowheader');
    expect(await steps.allTextContents()).toEqual(['thief', 'thief', 'owner']);
    await page.getByText('You are signed out: a replaced refresh token was used').waitFor();
    expect(await seriousFaults(page)).toEqual([]);
    await signInAgain(page);
    isClean();
  });

  it('rotate the key under traffic, revoke it and recover; stop auth-service and Redis: services that verify go on, the rest fails closed and recovers', async () => {
    const { page, isClean } = await visit();
    const panel = await openPanel(page, 'Keys');
    await panel.getByText('Send requests continuously').click();
    const requests = async () => Number(await panel.getByRole('definition').first().textContent());
    const errors = () => panel.getByRole('definition').nth(2).textContent();
    const rotate = panel.getByRole('button', { name: 'Rotate now' });
    await rotate.click();
    // This comes first, because the message is shown for ten seconds only.
    await panel.getByRole('button', { name: /^Rotate \(in \d+ s\)$/ }).waitFor();
    await panel.getByText('The next key signs now.').waitFor();
    const table = panel.getByRole('table', { name: 'Signing keys' });
    const own = table.getByRole('row').filter({ hasText: 'signed your token' });
    await own.getByText('retired, its tokens still pass').waitFor();
    const before = await requests();
    await eventually('ten more requests were made', async () =>
      expect(await requests()).toBeGreaterThan(before + 10),
    );
    expect(await errors()).toBe('0');
    expect(await seriousFaults(page)).toEqual([]);

    await panel.getByRole('button', { name: 'It has leaked: revoke the key of your token' }).click();
    expect(await stopwatchIn(panel)).toEqual(refusedEverywhere('the signing key was revoked'));
    await panel.getByText('The page fetched a token of the new key and goes on.').waitFor();
    await own.getByText('signs', { exact: true }).waitFor();
    const after = await requests();
    await eventually('ten more requests were made after the rotation', async () =>
      expect(await requests()).toBeGreaterThan(after + 10),
    );
    expect(await errors()).toBe('0');
    await page.getByText('Hello, mina.').waitFor();

    const failures = await openPanel(page, 'Failures');
    const answers = failures.getByRole('table', { name: 'What the services answer' });
    const says = (attempt: string, text: string) =>
      answers
        .getByRole('row')
        .filter({ has: page.getByRole('rowheader', { name: attempt, exact: true }) })
        .filter({ hasText: text })
        .waitFor();
    await says('Renew the token', 'carries on');
    for (const part of ['auth-service', 'Redis']) {
      await failures.getByRole('button', { name: `Stop ${part}` }).click();
      await says('Renew the token', 'fails closed');
      for (const read of ['Read the cart', 'Read the wishlist', 'Read payments', 'Change the cart'])
        await says(read, 'carries on');
      await failures.getByRole('button', { name: `Start ${part} again` }).click();
      await failures.getByRole('button', { name: `Stop ${part}` }).waitFor();
      await says('Renew the token', 'carries on');
    }
    await says('Pay', 'carries on');
    expect(await seriousFaults(page)).toEqual([]);
    isClean();
  });

  it('share the wishlist with gift-ideas, which the cart refuses, and withdraw it', async () => {
    const { page, isClean } = await visit();
    const panel = await openPanel(page, 'Sharing');
    const link = panel.getByRole('link', { name: 'Open gift-ideas and do it yourself' });
    expect(await link.getAttribute('href')).toBe(
      system.stack.giftIdeas?.url.replace('127.0.0.1', 'localhost'),
    );
    await panel.getByRole('button', { name: 'Sign in there and allow it' }).click();
    await panel.getByText('openid profile offline_access wishlist:read').waitFor();
    expect(
      await verdictsIn(panel, 'gift-ideas asks for your wishlist, and for your cart, too'),
    ).toMatchObject({
      'cart-service': [expect.stringContaining('401')],
      'wishlist-service': [expect.stringContaining('200')],
    });
    await arrow(page, /^GET \/cart from gift-ideas to Cart 401 refused/).waitFor();
    await arrow(page, /^GET \/wishlist from gift-ideas to Wishlist 200 let in/).click();
    await inspector(page).getByText('calls with what you allowed it').waitFor();
    expect(await seriousFaults(page)).toEqual([]);

    await panel.getByRole('button', { name: 'Withdraw it, as in your account' }).click();
    expect(await stopwatchIn(panel)).toMatchObject({
      'cart-service': [expect.stringContaining('401'), expect.stringContaining('401'), 'unchanged'],
      'wishlist-service': [
        expect.stringContaining('200'),
        expect.stringContaining('what the application was allowed was withdrawn'),
        expect.stringMatching(took),
      ],
    });
    expect(await seriousFaults(page)).toEqual([]);
    isClean();
  });
});
