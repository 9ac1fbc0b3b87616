import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import type { Redis } from 'ioredis';

/** The conditions, besides the code, on which the figures depend. */
export type Provenance = {
  readonly commit: string;
  readonly command: string;
  readonly machine: string;
  readonly node: string;
  readonly startedAt: string;
  readonly seed: number;
  readonly quick: boolean;
  /** Which processes ran where. */
  readonly system: string;
  /** Absent if they cannot be asked. */
  readonly stores?: string;
  /** The average number of processes that wanted a core in the minute before the run. */
  readonly loadBefore: number;
};

export function describeRun(run: {
  argv: readonly string[];
  seed: number;
  quick: boolean;
  isOwnSystem: boolean;
}): Provenance {
  const cores = availableParallelism();
  const cpu = cpus()[0]?.model.trim() ?? 'unknown CPU';
  return {
    commit: describeCommit(),
    command: ['npm run load', ...(run.argv.length > 0 ? ['--', ...run.argv] : [])].join(' '),
    machine: `${cpu}, ${cores} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${process.platform} ${process.arch}`,
    node: `Node.js ${process.version}, OpenSSL ${process.versions.openssl}`,
    startedAt: new Date().toISOString(),
    seed: run.seed,
    quick: run.quick,
    system: run.isOwnSystem
      ? 'one process of each service (NODE_ENV=development, no telemetry), one Redis (append-only file), one Postgres and the generator share the cores; servers with one route, and those of others, run with NODE_ENV=production'
      : 'a running system, named by its URLs; the generator runs beside it',
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Their versions, and whether Redis appends to a file: a refresh that need not reach the disk is cheaper. */
export async function describeStores(redis: Redis, postgres: { version: string }): Promise<string> {
  const info = await redis.info();
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1] ?? 'unknown';
  const isAppended = field('aof_enabled') === '1';
  return `Redis ${field('redis_version')}, ${isAppended ? 'with' : 'without'} an append-only file; Postgres ${postgres.version}`;
}

/** A figure belongs to a commit only if the working tree had no other changes. */
function describeCommit(): string {
  try {
    const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
    return git('rev-parse', '--short=12', 'HEAD') + (changed ? ', with changes that are not committed' : '');
  } catch {
    return 'unknown';
  }
}

function git(...args: string[]): string {
  const stdio: ['ignore', 'pipe', 'ignore'] = ['ignore', 'pipe', 'ignore'];
  return execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8', stdio }).trim();
}
