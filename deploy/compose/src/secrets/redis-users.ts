/**
 * The commands that auth-service sends, in its scripts and outside them, and those by which its client library makes a
 * connection. A test compares this list with auth-service's sources. A new command there must be added here, too.
 */
export const authServiceCommands = [
  ...['auth', 'hello', 'info', 'ping', 'time', 'client|setname', 'client|setinfo'],
  ...['eval', 'evalsha'],
  ...['get', 'set', 'del', 'exists'],
  ...['hdel', 'hget', 'hgetall', 'hincrby', 'hlen', 'hmget', 'hset'],
  ...['zadd', 'zrange', 'zrangebyscore', 'zrem', 'zremrangebyscore'],
  ...['xadd', 'xdel', 'xlen', 'xrange', 'xread'],
  ...['persist', 'pexpire', 'pexpireat', 'pttl'],
];

/**
 * Redis's access-control list. Passwords come as SHA-256 in hex.
 *
 * - default, the operator's: everything
 * - health, for the health check: may send PING, without a password
 * - auth-service: its own commands on keys that carry a hash tag, as all of its keys do; no KEYS, FLUSHALL or CONFIG
 */
export function redisUsers(digests: { admin: string; authService: string }): string {
  const commands = authServiceCommands.map((command) => `+${command}`).join(' ');
  return [
    `user default on #${digests.admin} ~* &* +@all`,
    'user health on nopass resetkeys resetchannels -@all +ping',
    `user auth-service on #${digests.authService} resetkeys ~{*}:* resetchannels -@all ${commands}`,
    '',
  ].join('\n');
}
