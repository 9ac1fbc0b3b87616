import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openTestRedis } from '../sessions/session-fixture.ts';

const source = fileURLToPath(new URL('../../src/', import.meta.url));
const { redis } = await openTestRedis();

test('nothing writes to Redis but scripts, because only they have a deadline', async () => {
  const sent = globSync('**/*.ts', { cwd: source }).flatMap((file) =>
    [...readFileSync(source + file, 'utf8').matchAll(/\b(?:redis|connection|client)\.(\w+)\(/g)].map(
      ([, method = '']) => ({ file, command: method.toLowerCase() }),
    ),
  );
  const writes: typeof sent = [];
  for (const use of sent) if (await isWrite(use.command)) writes.push(use);
  expect(sent.map(({ command }) => command)).toContain('hmget');
  expect(writes).toEqual([]);
});

/** By Redis' own list. Methods of ioredis that are no commands are not in it. */
async function isWrite(command: string): Promise<boolean> {
  const [found] = (await redis.call('COMMAND', 'INFO', command)) as [[string, number, string[]] | null];
  return found?.[2].includes('write') ?? false;
}
