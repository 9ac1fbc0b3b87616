import { randomBytes } from 'node:crypto';
import { forThisFile } from '@latchkey/testing';
import { describe, expect, test } from 'vitest';
import { bearer, from, startAuthApp } from '../support/auth-app.ts';

const auth = await forThisFile(startAuthApp());

const next = 'another long passphrase';

/** Every route that takes a password, called by one person. */
function person() {
  const username = `person-${randomBytes(4).toString('hex')}`;
  let token = '';
  const ask = async (method: 'POST' | 'PUT', url: string, payload: object) => {
    const headers = { ...from(username), ...(token && bearer(token)) };
    const answer = await auth.app.inject({ method, url, payload, headers });
    const { code, rule, access_token } = answer.body === '' ? {} : answer.json();
    if (access_token) token = access_token;
    return [answer.statusCode, code, rule].filter(Boolean).join(' ');
  };
  return {
    register: (password: string) => ask('POST', '/accounts', { username, password }),
    signIn: (password: string) => ask('POST', '/sessions', { client_id: 'latchkey-cli', username, password }),
    stepUp: (password: string) => ask('POST', '/sessions/current/reauthentication', { password }),
    change: (current: string, next: string) =>
      ask('PUT', '/account/password', { current_password: current, new_password: next }),
  };
}

describe('one rule for passwords, at every route that takes one', () => {
  test.each([
    ['100 Hangul syllables', '닭장수국문학값싼떡볶이'.repeat(10).slice(0, 100)],
    ['256 Hangul syllables, as many as a password has', '닭'.repeat(256)],
    ['256 letters with three accents each', '\u1fa7'.repeat(256)],
    // Each decomposes to three characters, six code units: the maximum.
    ['256 characters that decompose into the most', '\u{16d6a}'.repeat(256)],
    ['256 emoji', '🦊'.repeat(256)],
    ['emoji joined into families', '👩‍👩‍👧‍👦🏴󠁧󠁢󠁥󠁮󠁧󠁿'.repeat(10)],
    ['256 letters', 'x'.repeat(256)],
    ['8 characters, as few as a password has', '닭éåñöü🦊x'],
  ])('%s: composed or not, it is the same password', async (_what, password) => {
    const decomposed = password.normalize('NFD');
    const { register, signIn, stepUp, change } = person();
    expect(await register(decomposed)).toBe('201');
    for (const typed of [password, decomposed]) {
      expect(await signIn(typed)).toBe('201');
      expect(await stepUp(typed)).toBe('200');
    }
    expect(await change(decomposed, password)).toBe('400 weak_password unchanged');
    expect(await change(decomposed, next)).toBe('204');
    expect(await change(next, decomposed)).toBe('204');
    expect(await signIn(password)).toBe('201');
  });

  test.each([
    ['257 letters', 'x'.repeat(257)],
    ['257 Hangul syllables', '닭'.repeat(257)],
    ['257 Hangul syllables, decomposed', '닭'.repeat(257).normalize('NFD')],
    ['257 emoji', '🦊'.repeat(257)],
    ['a character that is eighteen, 15 times', '\ufdfa'.repeat(15)],
  ])('%s: too long for any password', async (_what, password) => {
    const { register, signIn, stepUp, change } = person();
    expect(await register(password)).toBe('400 weak_password too_long');
    expect(await register(next)).toBe('201');
    expect(await signIn(password)).toBe('401 invalid_credentials');
    expect(await signIn(next)).toBe('201');
    expect(await stepUp(password)).toBe('401 invalid_credentials');
    expect(await change(password, 'a third long passphrase')).toBe('401 invalid_credentials');
    expect(await change(next, password)).toBe('400 weak_password too_long');
  });

  test('a NUL character, which no form can send: in no password', async () => {
    const { register, signIn, stepUp, change } = person();
    const broken = `${next}\0`;
    expect(await register(broken)).toBe('400 weak_password not_text');
    expect(await register(next)).toBe('201');
    expect(await signIn(broken)).toBe('401 invalid_credentials');
    expect(await signIn(next)).toBe('201');
    expect(await stepUp(broken)).toBe('401 invalid_credentials');
    expect(await change(next, broken)).toBe('400 weak_password not_text');
  });

  test('7 characters that decompose into 21 are too few', async () => {
    expect(await person().register('닭'.repeat(7).normalize('NFD'))).toBe('400 weak_password too_short');
  });

  test('a lone surrogate is refused wherever it comes', async () => {
    const { register, signIn, stepUp, change } = person();
    await register(next);
    await signIn(next);
    const broken = `${next} \ud800`;
    const answers = [
      await register(broken),
      await signIn(broken),
      await stepUp(broken),
      await change(broken, next),
      await change(next, broken),
    ];
    expect(new Set(answers)).toEqual(new Set(['400 malformed_body']));
  });
});
