import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestRedis, type TestRedis } from '@latchkey/dev-stack/testing';
import { eventually } from '@latchkey/testing';
import { Redis, ReplyError } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isStoreUnavailable } from '../../src/redis/or-unavailable.ts';
import {
  type AuthApp,
  from,
  refresh,
  register,
  signIn,
  startAuthApp,
  type Tokens,
  testPassword,
} from '../support/auth-app.ts';

describe('what Redis answers', () => {
  /** Whether Redis cannot serve (503) or we made a mistake (500). */
  test.each([
    ['WRONGPASS invalid username-password pair or user is disabled.', true],
    ['NOAUTH Authentication required.', true],
    ["NOPERM this user has no permissions to run the 'eval' command", true],
    [
      "ERR The user executing the script can't run this command or subcommand script: 0a9f, on @user_script:1.",
      true,
    ],
    ["READONLY You can't write against a read only replica. script: 0a9f, on @user_script:1.", true],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", true],
    ['LOADING Redis is loading the dataset in memory', true],
    ['BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.', true],
    ['UNKILLABLE Sorry the script already executed write commands against the dataset.', true],
    ["OOM command not allowed when used memory > 'maxmemory'. script: 0a9f, on @user_script:1.", true],
    ['MISCONF Redis is configured to save RDB snapshots, but it is unable to persist to disk.', true],
    ['NOREPLICAS Not enough good replicas to write.', true],
    ['NOGOODSLAVE No suitable replica to promote', true],
    ['CLUSTERDOWN Hash slot not served', true],
    ['MOVED 3999 127.0.0.1:6381', true],
    ['ASK 3999 127.0.0.1:6381', true],
    ['TRYAGAIN Multiple keys request during rehashing of slot', true],
    [
      'ERR Script attempted to access a non local key in a cluster node script: 0a9f, on @user_script:1.',
      true,
    ],
    ['ERR Script attempted to access keys that do not hash to the same slot script: 0a9f', false],
    ['NOPROTO unsupported protocol version', true],
    ['NOSCRIPT No matching script. Please use EVAL.', true],
    ['EXECABORT Transaction discarded because of previous errors.', true],
    ['LATE 1795852678577.234', true],
    ['ERR max number of clients reached', true],
    ["ERR unknown command 'EVALSHA', with args beginning with: ", true],
    ['ERR Unknown Redis command called from script script: 3a9f, on @user_script:1.', true],
    ['ERR AUTH <password> called without any password configured for the default user.', true],
    ['ERR one that nobody knows', true],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', false],
    ["CROSSSLOT Keys in request don't hash to the same slot", false],
    ["ERR user_script:1: Script attempted to access nonexistent global variable 'nope' script: 0266", false],
    ["ERR Error compiling script (new function): user_script:1: unexpected symbol near '<eof>'", false],
    ['ERR Wrong number of args calling Redis command from script script: d9fe, on @user_script:1.', false],
    ["ERR wrong number of arguments for 'set' command", false],
    ['ERR value is not an integer or out of range script: 852c, on @user_script:1.', false],
    ['ERR syntax error', false],
    ["ERR invalid expire time in 'set' command", false],
  ])('%s', (message, isUnavailable) => {
    expect(isStoreUnavailable(new ReplyError(message))).toBe(isUnavailable);
  });
});

describe('a Redis that refuses us', () => {
  let auth: AuthApp;
  let admin: Redis;
  let username: string;
  let session: Tokens;
  beforeAll(async () => {
    auth = await startAuthApp();
    admin = new Redis(auth.redis.url);
    username = await register(auth.app);
  });
  afterAll(async () => {
    admin.disconnect();
    await auth.stop();
  });
  beforeEach(async () => {
    session = await eventually('a person can sign in', () => signIn(auth.app, username));
  });

  /** What makes Redis refuse, what ends that, and the word that /ready logs for it. */
  test.each([
    [
      'does not let us run scripts',
      ['ACL SETUSER default -eval -evalsha'],
      ['ACL SETUSER default +@all'],
      'NOPERM',
    ],
    [
      'does not let us write',
      ['ACL SETUSER default -@write'],
      ['ACL SETUSER default +@all'],
      "can't run this",
    ],
    ['is full', ['CONFIG SET maxmemory 1'], ['CONFIG SET maxmemory 0'], 'OOM'],
    ['is a replica of one that is gone', ['REPLICAOF 127.0.0.1 1'], ['REPLICAOF NO ONE'], 'READONLY'],
    [
      'wants replicas that it has not',
      ['CONFIG SET min-replicas-to-write 1'],
      ['CONFIG SET min-replicas-to-write 0'],
      'NOREPLICAS',
    ],
  ])('%s', async (_what, refuse, relent, word) => {
    for (const command of refuse) await tell(command);
    try {
      const answers = [
        await refresh(auth.app, session.refresh_token),
        await auth.app.inject({
          method: 'POST',
          url: '/sessions',
          payload: { client_id: 'latchkey-cli', username, password: testPassword },
          headers: from(username),
        }),
      ];
      for (const answer of answers) {
        expect(answer.statusCode).toBe(503);
        expect(answer.headers['retry-after']).toBe('1');
        expect(answer.json()).toMatchObject({ code: 'session_store_unavailable' });
      }
      const ready = await auth.app.inject('/ready');
      expect(ready.json()).toMatchObject({ status: 503, failing: expect.arrayContaining(['redis']) });
      expect(auth.logs()).toContain(word);
    } finally {
      for (const command of relent) await tell(command);
    }
    await eventually('auth-service is ready', async () =>
      expect((await auth.app.inject('/ready')).statusCode).toBe(200),
    );
    expect((await refresh(auth.app, session.refresh_token)).statusCode).toBe(200);
  });

  async function tell(command: string): Promise<void> {
    const [name, ...args] = command.split(' ');
    await admin.call(name as string, ...args);
  }
});

describe('a password that changes', () => {
  let redis: TestRedis;
  let folder: string;
  let file: string;
  let admin: Redis;
  let auth: AuthApp;
  beforeEach(async () => {
    redis = await startTestRedis();
    admin = new Redis(redis.url);
    await admin.call('ACL', 'SETUSER', 'service', 'on', '>first', '~*', '+@all');
    folder = mkdtempSync(join(tmpdir(), 'latchkey-secret-'));
    file = join(folder, 'redis-url');
    writeFileSync(file, urlWith('first'));
    auth = await startAuthApp({ env: { REDIS_URL: '', REDIS_URL_FILE: file } });
  });
  afterEach(async () => {
    await auth.stop();
    admin.disconnect();
    await redis.stop();
    rmSync(folder, { recursive: true });
  });

  const steps = {
    'in Redis': () => admin.call('ACL', 'SETUSER', 'service', 'resetpass', '>second'),
    'in the file': async () => writeFileSync(file, urlWith('second')),
  };

  test.each([
    ['in Redis', 'in the file'],
    ['in the file', 'in Redis'],
  ] as const)(
    'first %s, then %s: in between it is 503, and then all is well without a restart',
    async (first, second) => {
      const username = await register(auth.app);
      const { refresh_token: token } = await signIn(auth.app, username);
      await steps[first]();
      await admin.call('CLIENT', 'KILL', 'USER', 'service');
      await eventually('the password is refused', () => expect(auth.logs()).toContain('WRONGPASS'));
      const answer = await refresh(auth.app, token);
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBe('1');
      await eventually('auth-service says what fails', async () =>
        expect((await auth.app.inject('/ready')).json()).toMatchObject({
          failing: expect.arrayContaining(['redis', 'revocations']),
        }),
      );

      await steps[second]();
      await eventually('auth-service is ready', async () =>
        expect((await auth.app.inject('/ready')).statusCode).toBe(200),
      );
      expect((await refresh(auth.app, token)).statusCode).toBe(200);
      expect(auth.logs()).not.toMatch(/first|second/);
    },
  );

  function urlWith(password: string): string {
    const url = new URL(redis.url);
    url.username = 'service';
    url.password = password;
    return url.href;
  }
});
