import {
  type FetchOptions,
  fetchProgram,
  findFetched,
  type PackagedProgram,
} from '../programs/fetch-program.ts';
import { programFault } from './find.ts';

const redis: PackagedProgram = {
  title: 'Redis',
  folder: 'redis',
  names: ['redis-server', 'valkey-server'],
  packages: [
    ['redis-server', 'redis-tools'],
    ['valkey-server', 'valkey-tools'],
  ],
  faultOf: programFault,
  otherwise: 'install Redis 7.0 or later, or start Docker, or set REDIS_URL for npm start; then start again',
};

/** The redis-server or valkey-server that an earlier start fetched into `directory`, if it still runs and is usable. */
export function findFetchedRedis(directory: string): string | undefined {
  return findFetched(redis, directory);
}

/**
 * Fetches Redis or Valkey from the distribution's own signed packages into `directory`; see `fetchProgram`.
 *
 * @returns the path of the program
 * @throws DevStackError, one line that says what to do; the signal's reason when aborted
 * @example const program = await fetchRedis({ directory: '.latchkey', env: process.env });
 */
export function fetchRedis(options: FetchOptions): Promise<string> {
  return fetchProgram(redis, options);
}
