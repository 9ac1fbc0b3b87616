import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { explain } from '../errors.ts';
import { providePgBouncer } from '../pgbouncer/provide.ts';
import { startPostgres } from '../postgres/start.ts';
import { findRedisServer } from '../redis/find.ts';
import { provideRedis } from '../redis/start.ts';
import { bundleLibraries } from './bundled/options.ts';
import { keepTemporaryFilesInMemory } from './temporary-files.ts';

/**
 * Vitest's global setup: programs of Redis and PgBouncer, and one Postgres for the whole run, which ends with it, even
 * if it is killed.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  keepTemporaryFilesInMemory(process.env);
  bundleLibraries(process.env);
  await putRedisOnPath();
  await getPgBouncer();
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-postgres-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const postgres = await startPostgres({ directory, durable: false, temporary: true });
    project.provide('postgresUrl', postgres.url('postgres'));
    return async () => {
      await postgres.stop();
      remove();
    };
  } catch (error) {
    remove();
    throw error;
  }
}

/** Runs once for all tests and the programs that they start: all of them look on PATH first. */
async function putRedisOnPath(): Promise<void> {
  const { env } = process;
  if (findRedisServer() !== undefined) return;
  try {
    const program = await provideRedis({ env, onProgress: (line) => console.log(line) });
    env['PATH'] = [dirname(program), env['PATH']].join(delimiter);
  } catch (error) {
    // Not every test needs Redis; those that do fail with a clear message.
    console.error(explain(error));
  }
}

/** Tests look for it in the same places. */
async function getPgBouncer(): Promise<void> {
  try {
    await providePgBouncer({ env: process.env, onProgress: (line) => console.log(line) });
  } catch (error) {
    // Tests behind PgBouncer are then skipped, or fail in CI.
    console.error(explain(error));
  }
}
