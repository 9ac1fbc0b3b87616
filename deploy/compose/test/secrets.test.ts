import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { services } from '@latchkey/services';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { handoutsOf } from '../src/secrets/handouts.ts';
import { completeSecrets, secretNames } from '../src/secrets/secrets.ts';

const strangers = ['gift-ideas', 'example-id'];
const containers = [...Object.values(services).map(({ name }) => name), ...strangers, 'postgres', 'redis'];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'latchkey-secrets-'));
  for (const volume of ['all', ...containers]) mkdirSync(join(directory, volume));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function run(): Promise<string> {
  const main = join(import.meta.dirname, '..', 'src', 'secrets', 'main.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [main, directory]);
  return stdout;
}

function contents(): Record<string, string> {
  return Object.fromEntries(
    containers.flatMap((container) =>
      readdirSync(join(directory, container)).map((file) => {
        const path = join(container, file);
        return [path, readFileSync(join(directory, path), 'utf8')];
      }),
    ),
  );
}

describe('the one-shot service that makes the secrets', () => {
  it('makes them at the first start and finds the same ones at the second', async () => {
    // Each service adds two files for Postgres: its own URL, and the password in the volume of Postgres.
    expect(await run()).toMatch(new RegExp(`^Secrets written; ${10 + 2 * (containers.length - 4)} files`));
    const first = contents();
    expect(await run()).toMatch(/^Secrets found; 0 files/);
    expect(contents()).toEqual(first);
  });

  it('writes the files that a killed run did not write, from the same secrets', async () => {
    await run();
    const whole = contents();
    rmSync(join(directory, 'cart-service', 'database-url'));
    writeFileSync(join(directory, 'redis', 'users.acl.new'), 'user def');
    expect(await run()).toMatch(/^Secrets found; 1 files/);
    expect(contents()).toMatchObject(whole);
  });

  it('lets nobody but its owner read the secrets of a service', async () => {
    await run();
    const mode = (path: string) => (statSync(join(directory, path)).mode & 0o777).toString(8);
    expect(mode('all/secrets.json')).toBe('400');
    for (const container of ['auth-service', ...strangers])
      for (const file of readdirSync(join(directory, container)))
        expect(mode(`${container}/${file}`)).toBe('400');
  });

  it('passes over the volume of a container that is not there', async () => {
    rmSync(join(directory, 'payment-service'), { recursive: true });
    await run();
    expect(readdirSync(directory)).not.toContain('payment-service');
  });

  it('refuses a damaged state rather than making new secrets', async () => {
    await run();
    const before = contents();
    rmSync(join(directory, 'all', 'secrets.json'));
    writeFileSync(join(directory, 'all', 'secrets.json'), '{"refresh_token_key":');
    await expect(run()).rejects.toThrow('secrets.json is damaged');
    expect(contents()).toEqual(before);
  });
});

describe('completeSecrets', () => {
  it('makes all secrets different', () => {
    expect(new Set(Object.values(completeSecrets(undefined))).size).toBe(secretNames.length);
  });

  it('makes the secrets that an upgrade needs, and keeps the others', () => {
    const old = completeSecrets(undefined);
    const { fingerprint_key: _, ...before } = old;
    const after = completeSecrets(JSON.stringify(before));
    expect(after).toMatchObject(before);
    expect(after.fingerprint_key).toMatch(/^[\w-]{43}$/);
  });

  it.each(['', '[]x', '{"refresh_token_key":""}', '{"refresh_token_key":7}', 'null'])(
    'refuses %j',
    (text) => {
      expect(() => completeSecrets(text)).toThrow('damaged');
    },
  );
});

describe('handoutsOf', () => {
  it('gives a service no secret of another', () => {
    const secrets = completeSecrets(undefined);
    const handouts = handoutsOf(secrets, { auth: '4000', exampleId: '3002' });
    const holdersOf = (secret = 'no secret') =>
      Object.keys(handouts).filter((container) => JSON.stringify(handouts[container]).includes(secret));
    expect(holdersOf(secrets.refresh_token_key)).toEqual(['auth-service']);
    expect(holdersOf(secrets.key_encryption_key)).toEqual(['auth-service']);
    expect(holdersOf(secrets.fingerprint_key)).toEqual(['payment-service']);
    expect(holdersOf(secrets.gift_ideas_secret)).toEqual(['gift-ideas']);
    expect(holdersOf(secrets.example_id_secret)).toEqual(['auth-service', 'example-id']);
    expect(holdersOf(secrets.redis_auth_password)).toEqual(['auth-service']);
    expect(holdersOf(secrets.redis_admin_password)).toEqual(['redis']);
    expect(holdersOf(secrets.postgres_superuser_password)).toEqual(['postgres']);
    expect(holdersOf(secrets.postgres_cart_password)).toEqual(['cart-service', 'postgres']);
  });
});
