import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { DevStackError } from '../errors.ts';

const oldestMajor = 7;

/**
 * Checks that a usable Redis answers at `url`: its database can be selected, and its version is 7.0 or later (for Valkey,
 * the Redis version that it is compatible with). Does not check memory policy or persistence.
 *
 * @param timeoutMs how long it may take to connect, and to answer
 * @returns the server's own process id, as it sees it
 * @throws DevStackError, one line, without the URL's password
 */
export async function checkRedis(url: string, timeoutMs = 3_000): Promise<{ processId: number }> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: timeoutMs,
    commandTimeout: timeoutMs,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let connectionFault = '';
  redis.on('error', (error: Error) => (connectionFault ||= error.message));
  let info: string;
  try {
    await redis.connect();
    // ioredis goes on in database 0 when Redis refuses the one that the URL names.
    if (connectionFault !== '') throw new Error(connectionFault);
    info = await redis.info('server');
  } catch (error) {
    const reason = connectionFault || (error instanceof Error ? error.message : String(error));
    throw new DevStackError(
      `Redis at ${withoutPassword(url)} does not work (${reason.split('\n', 1)[0]}): repair it, or unset REDIS_URL.`,
    );
  } finally {
    redis.disconnect();
  }
  const fault = versionFault(info);
  if (fault !== undefined)
    throw new DevStackError(`Redis at ${withoutPassword(url)} is ${fault}: 7.0 or later is needed.`);
  return { processId: Number(/process_id:(\d+)/.exec(info)?.[1]) };
}

/** What is wrong with the version in the answer to INFO; undefined if it is recent enough. */
export function versionFault(info: string): string | undefined {
  const version = /redis_version:(\d+)(\S*)/.exec(info);
  if (version === null) return 'of unknown version';
  return Number(version[1]) < oldestMajor ? `version ${version[1]}${version[2]}` : undefined;
}

/** One PING over a bare socket: cheaper than a client while waiting for a server to come up. */
export function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1' });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => end(false));
    socket.once('error', () => end(false));
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (data) => end(data.toString().startsWith('+PONG')));
  });
}

function withoutPassword(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'REDIS_URL';
}
