import { describe, expect, it } from 'vitest';
import { readRedisUrl, redisUrl } from '../../src/index.ts';

const { fault } = redisUrl() as unknown as { fault(text: string): string | undefined };

describe('a URL of Redis', () => {
  it.each([
    ['redis://localhost/2?family=6', { kind: 'server', url: 'redis://localhost/2?family=6' }],
    ['redis://localhost?db=2', { kind: 'server', url: 'redis://localhost?db=2' }],
    ['redis://localhost:6379/2', { kind: 'server', url: 'redis://localhost:6379/2' }],
    [
      'redis+cluster://10.0.0.1,10.0.0.2:7000,[::1]:7001',
      {
        kind: 'cluster',
        nodes: [
          { host: '10.0.0.1', port: 6379 },
          { host: '10.0.0.2', port: 7000 },
          { host: '::1', port: 7001 },
        ],
        login: {},
        isEncrypted: false,
      },
    ],
    [
      'rediss+cluster://auth-service:p%40ss%2Cword@node.example:6380/0',
      {
        kind: 'cluster',
        nodes: [{ host: 'node.example', port: 6380 }],
        login: { username: 'auth-service', password: 'p@ss,word' },
        isEncrypted: true,
      },
    ],
    [
      'rediss+sentinel://:secret@one.example,two.example:5000/shop/3?sentinel_username=u&sentinel_password=a%26b',
      {
        kind: 'sentinels',
        sentinels: [
          { host: 'one.example', port: 26379 },
          { host: 'two.example', port: 5000 },
        ],
        master: 'shop',
        database: 3,
        login: { password: 'secret' },
        sentinelLogin: { username: 'u', password: 'a&b' },
        isEncrypted: true,
      },
    ],
    [
      'redis+sentinel://localhost/shop',
      {
        kind: 'sentinels',
        sentinels: [{ host: 'localhost', port: 26379 }],
        master: 'shop',
        database: 0,
        login: {},
        sentinelLogin: {},
        isEncrypted: false,
      },
    ],
  ])('%s is read', (url, address) => {
    expect(fault(url)).toBeUndefined();
    expect(readRedisUrl(url)).toEqual(address);
  });

  it.each([
    ['redis+cluster://', 'cannot be read'],
    ['redis+cluster://s3cr3t@', 'cannot be read'],
    ['redis+cluster://a,,b', 'hosts'],
    ['redis+cluster://a:70000', 'hosts'],
    ['redis+cluster://a, b', 'white space'],
    ['redis+cluster://:s3cr3t@x@a', 'cannot be read'],
    ['redis+cluster://:s3cr3t%C3@a', 'percent-encoded'],
    ['redis+cluster://:s3cr3t/x@a', 'hosts|cannot be read|database'],
    ['redis+cluster://a/1', 'no database'],
    ['redis+cluster://a?master=b', 'query'],
    ['redis+cluster://a#s3cr3t', '#'],
    ['redis+sentinel://a', 'name of the master'],
    ['redis+sentinel://a/shop/x', 'name of the master'],
    ['redis+sentinel://a/shop?password=s3cr3t', 'query'],
    ['redis+proxy://a', 'cannot be read'],
    ['rediss+Cluster://a', 'cannot be read'],
    ['redis://a,redis://b', 'no number'],
    ['redis://a/2?db=3', 'another database'],
    ['redis://a?db=s3cr3t', 'another database'],
    ['redis://:s3cr3t@a?ssl=true', 'rediss://'],
    ['redis://a?password=s3cr3t', 'something else'],
    ['redis://a?family=5', 'family'],
  ])('%s is refused, and the reason contains no secret', (url, reason) => {
    expect(fault(url)).toMatch(new RegExp(reason));
    expect(fault(url)).not.toContain('s3cr3t');
    expect(() => readRedisUrl(url)).toThrow(TypeError);
  });
});
