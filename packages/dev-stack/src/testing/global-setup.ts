import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startPostgres } from '../postgres/start.ts';
import { keepTemporaryFilesInMemory } from './temporary-files.ts';

/** Vitest's global setup: one Postgres for the whole run, gone at its end, also when the run is killed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  keepTemporaryFilesInMemory();
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
