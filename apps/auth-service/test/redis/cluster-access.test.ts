import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { freePort, startTestCluster, type TestCluster, testEngines } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectRedis } from '../../src/redis/connection.ts';
import { createRevocations } from '../../src/revocation/revocations.ts';
import { follow } from '../revocation/log/log-fixture.ts';
import { client, createStore, newSession } from '../sessions/session-fixture.ts';

/** The commands of the user that compose makes, which docs/redis.md names. */
const listed = readFileSync(
  join(import.meta.dirname, '../../../../deploy/compose/src/secrets/redis-users.ts'),
  'utf8',
).split('];', 1)[0] as string;
const authServiceCommands = [...listed.matchAll(/'([a-z|]+)'/g)].map(([, command]) => command as string);
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.each(testEngines)('a cluster of $name with TLS and an ACL user', ({ program = '' }) => {
  const run = test.skipIf(program === '' || !hasOpenssl);
  let directory: string | undefined;
  const trusted = getCACertificates('default');
  let cluster: TestCluster;
  let address: string;
  beforeAll(async () => {
    if (program === '' || !hasOpenssl) return;
    directory = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
    const [key, certificate] = makeCertificate(directory);
    const port = await freePort();
    const tls = ['--tls-port', String(port), '--tls-cluster', 'yes', '--tls-auth-clients', 'no'];
    const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
    cluster = await startTestCluster({ program, masters: 1, hasReplicas: false, args: [...tls, ...files] });
    address = `127.0.0.1:${port}`;
    setDefaultCACertificates([...trusted, readFileSync(certificate, 'utf8')]);
  });
  afterAll(async () => {
    if (directory === undefined) return;
    setDefaultCACertificates(trusted);
    await cluster?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  run('is used with the commands that docs/redis.md names, and after its password has changed', async () => {
    const [member] = cluster.members;
    // Redis 7.0 does not know client|setinfo. ioredis does without.
    const known = authServiceCommands.filter((command) => command !== 'client|setinfo');
    const commands = [...known, 'cluster|slots', 'asking'].map((command) => `+${command}`);
    const setUser = (password: string) =>
      member?.redis.call(
        ...([
          'ACL',
          'SETUSER',
          'auth-service',
          'reset',
          'on',
          `>${password}`,
          '~{*}:*',
          ...commands,
        ] as const),
      );
    await setUser('first one');
    let url = `rediss+cluster://auth-service:first%20one@${address}`;
    const redis = connectRedis({ url: () => url, commandTimeoutMs: 10_000, onError: () => {} });
    const revocations = createRevocations({
      ...{ redis, redisUrl: () => url, shards: 1, retentionSeconds: 330, clock: Date.now, onError: () => {} },
    });
    try {
      await follow(revocations.log, revocations.start);
      const store = createStore({ redis, clock: Date.now });
      const { grant, refreshToken } = await store.start(newSession());
      expect((await store.refresh(refreshToken, client)).verdict).toBe('ROTATED');

      await setUser('second');
      await member?.redis.call('CLIENT', 'KILL', 'USER', 'auth-service');
      url = `rediss+cluster://auth-service:second@${address}`;
      await eventually('the new password is used', () =>
        store.end(grant.subject, grant.sessionId, 'sign_out'),
      );
      await eventually('the sign-out is heard', () => expect(revocations.list.size).toBeGreaterThan(1));

      // The other connections were let in before, and stay.
      await setUser('third');
      url = `rediss+cluster://auth-service:third@${address}`;
      const list = String(await member?.redis.client('LIST'));
      const [, reader = ''] = /^id=(\d+) .*\bname=auth-service-reader\b/m.exec(list) ?? [];
      await member?.redis.call('CLIENT', 'KILL', 'ID', reader);
      const { size } = revocations.list;
      const next = await store.start(newSession());
      await store.end(next.grant.subject, next.grant.sessionId, 'sign_out');
      await eventually('the next is heard, too', () => expect(revocations.list.size).toBeGreaterThan(size));
    } finally {
      await revocations.stop();
      redis.disconnect();
    }
  });
});

function makeCertificate(directory: string): [key: string, certificate: string] {
  const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const names = ['-subj', '/CN=redis', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const { status, stderr } = spawnSync('openssl', [
    ...['req', '-x509', ...curve, '-out', certificate, '-days', '1', ...names],
  ]);
  if (status !== 0) throw new Error(`openssl failed: ${stderr}`);
  return [key, certificate];
}
