import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DevStackError, explainText } from '../errors.ts';
import { exitOf, startChild } from '../processes/child.ts';
import { findOnPath } from './find-on-path.ts';

export type AptOptions = {
  /** An empty folder of its own for everything that apt-get writes. Deleted if this process is killed. */
  directory: string;
  env: Record<string, string | undefined>;
  signal?: AbortSignal | undefined;
};

// Overrides the machine's settings that would write elsewhere or weaken the check of signatures; apt reads this file
// last. The machine's sources, keys, proxies and pins stay in force. Paths are relative to the folder; each that is
// written is named, since the machine's own may be absolute.
const configuration = `
Dir::State "./state";
Dir::State::lists "lists/";
Dir::State::status "/var/lib/dpkg/status";
Dir::Cache "./cache";
Dir::Cache::archives "archives/";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Log "./log";
Dir::Log::Planner "eipp.log.xz";
# Nothing of the system is written, so any user may run it, and no lock is needed.
Debug::NoLocking "true";
# As root: the sandbox user could not write into a folder of root.
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
APT::Install-Recommends "false";
APT::Install-Suggests "false";
Acquire::http::Timeout "20";
Acquire::https::Timeout "20";
Acquire::Retries "1";
Acquire::Languages "none";
# Hooks of other packages that run after apt-get, e.g. to empty the cache of the system.
#clear APT::Update;
#clear AptCli::Hooks;
# Only the lists of packages: no sources, contents or icons.
#clear Acquire::IndexTargets;
Acquire::IndexTargets::deb::Packages {
  MetaKey "$(COMPONENT)/binary-$(ARCHITECTURE)/Packages";
  flatMetaKey "Packages";
  ShortDescription "Packages";
  Description "$(RELEASE)/$(COMPONENT) $(ARCHITECTURE) Packages";
  flatDescription "$(RELEASE) Packages";
  Optional "0";
};
`;

/** Whether this is a Debian-like system, with apt as its package manager. */
export function hasApt(env: Record<string, string | undefined>): boolean {
  const needed = ['apt-get', 'dpkg-deb'];
  return process.platform === 'linux' && needed.every((name) => findOnPath([name], env['PATH'] ?? ''));
}

/**
 * Fetches signed packages of the machine's own distribution, with the dependencies that the machine lacks, and unpacks
 * them into `<directory>/tree`. Installs nothing, needs no privileges, and writes nowhere else.
 *
 * Does not check that the unpacked programs run.
 *
 * @param choices lists of packages; the first list that the distribution has is used
 * @throws DevStackError, one line, with apt's reason: also when apt cannot verify the signature
 * @example await fetchPackages([['redis-server', 'redis-tools']], { directory, env: process.env });
 */
export async function fetchPackages(
  choices: readonly (readonly string[])[],
  options: AptOptions,
): Promise<void> {
  const { directory } = options;
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'log', 'tree'])
    mkdirSync(join(directory, folder), { recursive: true });
  writeFileSync(join(directory, 'apt.conf'), configuration);
  // An update succeeds even if one of several sources is unreachable. The next step shows whether the packages exist.
  const update = await apt(['update'], options);
  const chosen = await chooseVersions(choices, { updateOutput: update.output, options });
  const download = await apt(['download', ...chosen], options);
  if (download.code !== 0) throw new DevStackError(explainText(download.output) ?? reasonIn(download.output));
  for (const name of readdirSync(directory).filter((file) => file.endsWith('.deb'))) {
    const { code, output } = await run('dpkg-deb', ['-x', name, 'tree'], options);
    if (code !== 0)
      throw new DevStackError(explainText(output) ?? `${name} cannot be unpacked: ${reasonIn(output)}`);
  }
}

/** What apt would install for the first of `choices` that the distribution has, as `name=version`. */
async function chooseVersions(
  choices: readonly (readonly string[])[],
  { updateOutput, options }: { updateOutput: string; options: AptOptions },
): Promise<string[]> {
  for (const packages of choices) {
    // Includes installed packages: the server may be installed but not on PATH.
    const { code, output } = await apt(['install', '--simulate', '--reinstall', ...packages], options);
    const wanted = [...output.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+)/gm)];
    if (code === 0 && wanted.length > 0) return wanted.map(([, name, version]) => `${name}=${version}`);
    const isUnknown = /Unable to locate|no installation candidate|Reinstallation of .* is not possible/.test(
      output,
    );
    if (!isUnknown) throw new DevStackError(explainText(output) ?? reasonIn(output));
  }
  // Without package lists apt knows no package at all.
  const isFaulty = /^(E|W|Error|Warning):/m.test(updateOutput);
  const names = choices.map(([name]) => name).join(' or ');
  throw new DevStackError(
    explainText(updateOutput) ?? (isFaulty ? reasonIn(updateOutput) : `this system has no package ${names}`),
  );
}

function apt(args: string[], options: AptOptions): Promise<Outcome> {
  return run('apt-get', ['-c', 'apt.conf', '--yes', '--quiet', ...args], options);
}

type Outcome = { code: number | null; output: string };

async function run(program: string, args: string[], options: AptOptions): Promise<Outcome> {
  const { directory, env, signal } = options;
  signal?.throwIfAborted();
  const path = findOnPath([program], env['PATH'] ?? '') ?? program;
  const logFile = join(directory, `${program}.log`);
  const child = await startChild(path, args, {
    cwd: directory,
    // apt runs system scripts to check signatures, so it needs the system's PATH.
    env: { ...proxiesOf(env), ...env, PATH: `${env['PATH']}:/usr/sbin:/usr/bin:/sbin:/bin`, LC_ALL: 'C' },
    logFile,
    orphan: { signal: 'SIGTERM', remove: directory },
  });
  const { code } = await exitOf(child, { signal, end: () => child.stop('SIGTERM', 2_000) });
  return { code, output: readFileSync(logFile, 'utf8') };
}

/** Copies the proxy variables in capitals, which npm and Node.js read, to the lower-case names that apt reads. */
function proxiesOf(env: Record<string, string | undefined>): Record<string, string | undefined> {
  const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'].filter((name) => env[name]);
  return Object.fromEntries(names.map((name) => [name.toLowerCase(), env[name]]));
}

/** The first complaint of apt or dpkg, without the addresses of its requests. */
function reasonIn(output: string): string {
  const fault =
    /^(?:E|W|Error|Warning|dpkg-deb): (?:error: )?(.+)$/m.exec(output)?.[1] ??
    output.trim().split('\n').at(-1) ??
    '';
  return fault.replace(/^Failed to fetch \S+\s+/, '').replace(/[.:\s]+$/, '');
}
