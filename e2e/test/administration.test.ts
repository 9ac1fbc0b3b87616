import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Stack } from '@latchkey/dev-stack';
import { createKey, refreshing, send, signIn as signInAt } from '@latchkey/person';
import { eventually } from '@latchkey/testing';
import { describe, expect } from 'vitest';
import { it, signIn } from './system.ts';
import { acceptedEverywhere, expectRefusedForGood, verdictsOn } from './verdicts.ts';

const program = join(import.meta.dirname, '..', '..', 'admin', 'src', 'main.ts');

let stack: Stack;
it.beforeAll(({ sharedStack }) => {
  stack = sharedStack;
});

function environment(role = 'admin'): NodeJS.ProcessEnv {
  const account = stack.accounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
  return {
    PATH: process.env['PATH'],
    NODE_OPTIONS: process.env['NODE_OPTIONS'],
    AUTH_URL: stack.services.auth.url,
    LATCHKEY_USERNAME: account?.username,
    LATCHKEY_PASSWORD: account?.password,
  };
}

type Outcome = { code: number; stdout: string; stderr: string };

/** Runs what npm run admin runs, without npm's own output. */
async function admin(args: string, env = environment()): Promise<Outcome> {
  const run = promisify(execFile)(process.execPath, [program, ...args.split(' ')], { env });
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
  );
}

describe('an operator at the command line', () => {
  it('lists and ends the sessions of a person', async () => {
    const [one, two] = [await signIn(stack, 'viewer'), await signIn(stack, 'viewer')];
    const listed = await admin('sessions list viewer');
    expect(listed).toMatchObject({ code: 0, stderr: '' });
    expect(listed.stdout).toContain(one.session_id);
    expect(listed.stdout).toContain(two.session_id);
    expect(await admin(`sessions end viewer ${one.session_id}`)).toMatchObject({ code: 0 });
    await expectRefusedForGood(stack, one.access_token);
    expect(await verdictsOn(stack, two.access_token)).toEqual(acceptedEverywhere);
    expect(await admin('sessions end viewer')).toMatchObject({ code: 0 });
    await expectRefusedForGood(stack, two.access_token);
  });

  it('changes roles, disables and enables an account', async () => {
    const before = await signIn(stack, 'support');
    expect((await admin('accounts roles support viewer,customer')).stdout).toContain('viewer,customer');
    await expectRefusedForGood(stack, before.access_token);
    expect((await admin('accounts disable support')).stdout).toContain('disabled');
    await expect(signIn(stack, 'support')).rejects.toThrow('401');
    expect((await admin('accounts enable support')).stdout).toContain('active');
    expect((await admin('accounts roles support support')).stdout).toContain('support');
    await signIn(stack, 'support');
  });

  it('registers and removes an application of somebody else', async () => {
    const register = 'clients register Gifts https://gifts.example/callback openid,wishlist:read secret';
    const { stdout } = await admin(register);
    const [, id = ''] = /registered as (app-[0-9a-f]+)/.exec(stdout) ?? [];
    expect(stdout).toMatch(/Its secret, which is shown only now: [\w-]{43}/);
    expect((await admin('clients list')).stdout).toMatch(new RegExp(`${id} +application +active`));
    expect((await admin(`clients remove ${id}`)).code).toBe(0);
    expect((await admin('clients list')).stdout).not.toContain(id);
    const wrong = await admin('clients register Gifts http://gifts.example/callback openid');
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('loopback') });
  });

  it('lists clients and keys, and revokes one of each', async () => {
    expect((await admin('clients list')).stdout).toMatch(/latchkey-mobile +native +active/);
    expect((await admin('clients revoke latchkey-mobile')).code).toBe(0);
    expect((await admin('clients list')).stdout).toMatch(/latchkey-mobile +native +revoked/);
    expect((await admin('clients restore latchkey-mobile')).code).toBe(0);

    const tokens = await signIn(stack);
    const kid = /^(\S+) +active/m.exec((await admin('keys list')).stdout)?.[1];
    expect(await admin(`keys revoke ${kid}`)).toMatchObject({ code: 0, stdout: `${kid} is revoked.\n` });
    await expectRefusedForGood(stack, tokens.access_token);
    const fresh = await signIn(stack);
    await eventually('the new token is accepted everywhere', async () =>
      expect(await verdictsOn(stack, fresh.access_token)).toEqual(acceptedEverywhere),
    );
  });

  it('watches revocations as they happen, and leaves no session behind', async () => {
    const watch = spawn(process.execPath, [program, 'revocations', 'watch'], { env: environment() });
    let output = '';
    watch.stdout.on('data', (chunk) => (output += String(chunk)));
    watch.stderr.on('data', (chunk) => (output += String(chunk)));
    try {
      // The most recent revocations come first.
      await eventually('the watcher begins to report', () => expect(output).toMatch(/session|key|subject/));
      const { session_id: id } = await signIn(stack, 'viewer');
      await admin('sessions end viewer');
      await eventually('the watcher reports the session', () => expect(output).toContain(`session ${id}`));
      watch.kill('SIGINT');
      expect((await once(watch, 'exit'))[0]).toBe(0);
    } finally {
      watch.kill('SIGKILL');
    }
    const own = (await admin('sessions list admin')).stdout.match(/npm run admin.*/g);
    expect(own).toEqual([expect.stringContaining(' bound ')]);
  });

  it('sees that somebody without its key tried a refresh token', async () => {
    const account = stack.accounts.find(({ roles }) => roles.includes('viewer'));
    if (account === undefined) throw new Error('no viewer');
    const { url } = stack.services.auth;
    const key = createKey({ [url]: stack.issuer });
    const { refresh_token: copied, session_id: id } = await signInAt(url, { ...account, key });
    const tried = / bound, tried without at \d{4}-/;
    const row = async () => (await admin('sessions list viewer')).stdout.match(`.*${id}`)?.[0];
    expect(await row()).not.toMatch(tried);
    expect((await send(url, refreshing(copied))).body).toMatchObject({ error: 'invalid_dpop_proof' });
    expect(await row()).toMatch(tried);
    expect(await admin(`sessions end viewer ${id}`)).toMatchObject({ code: 0 });
  });

  it('gets an error message of one line', async () => {
    expect(await admin('accounts show nobody-here')).toMatchObject({
      code: 1,
      stderr: 'There is no account "nobody-here".\n',
    });
    const refused = await admin('accounts show mina', environment('customer'));
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('403') });
    const wrong = await admin('keys list', { ...environment(), LATCHKEY_PASSWORD: 'wrong' });
    expect(wrong).toMatchObject({ code: 1, stderr: expect.stringContaining('invalid_credentials') });
    const nobody = await admin('keys list', { ...environment(), AUTH_URL: 'http://127.0.0.1:1' });
    expect(nobody).toMatchObject({ code: 1, stderr: expect.stringContaining('Is the system running') });
    expect(`${refused.stderr}${wrong.stderr}${nobody.stderr}`.trim().split('\n')).toHaveLength(3);
  });
});
