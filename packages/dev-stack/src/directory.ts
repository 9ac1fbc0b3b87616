import { join, resolve } from 'node:path';

/** The folder for this clone's data and fetched programs: LATCHKEY_DIRECTORY, or `.latchkey` beside package.json. */
export function latchkeyDirectory(env: Record<string, string | undefined> = process.env): string {
  return resolve(env['LATCHKEY_DIRECTORY'] || join(import.meta.dirname, '..', '..', '..', '.latchkey'));
}
