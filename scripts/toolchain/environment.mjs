import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Clients write an IPv6 address in one of two ways.
const loopback = ['localhost', '127.0.0.1', '::1', '[::1]'];

// Where os.tmpdir() looks.
const temporary = ['TMPDIR', 'TMP', 'TEMP'];

/**
 * Forgets a folder for temporary files that nobody can write to: a shell may outlive its own. Every program that the task
 * starts then uses the next one, or the system's.
 *
 * @param {NodeJS.ProcessEnv} env  is changed
 * @param {(line: string) => void} tell
 */
export function forgetMissingFolders(env, tell) {
  for (const name of temporary) {
    const folder = env[name];
    if (!folder || isWritable(folder)) continue;
    tell(`${name} names ${folder}, where nothing can be written: it is not used.`);
    delete env[name];
  }
}

/**
 * Forgets NODE_OPTIONS that a fetched Node.js refuses: the caller's older one may know options that are gone.
 *
 * @param {NodeJS.ProcessEnv} env  is changed
 * @param {(line: string) => void} tell
 */
export function forgetNodeOptions(env, tell) {
  tell(`NODE_OPTIONS is "${env['NODE_OPTIONS']}", which the fetched Node.js refuses: it is not used.`);
  delete env['NODE_OPTIONS'];
}

/**
 * The caller's environment without settings that would mislead a task, which starts everything on this machine.
 * Settings for Postgres clients (PGSSLMODE, PGOPTIONS, PGSERVICE and so on) are removed: they are meant for another
 * server. Proxies are not used for this machine's own addresses; clients prefer no_proxy to NO_PROXY, so both get the
 * same value.
 *
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function taskEnvironment(env) {
  const own = Object.entries(env).filter(([name]) => !/^(PG|NODE_PG_)/.test(name));
  const given = env['no_proxy'] || env['NO_PROXY'] || '';
  const names = given.split(/[\s,]+/).filter((name) => name !== '');
  const direct = [...new Set([...names, ...loopback])].join(',');
  return { ...Object.fromEntries(own), NO_PROXY: direct, no_proxy: direct };
}

// The package "node" and Postgres are whole only with their installation scripts, optional packages and links to
// programs, which a person may have turned off.
const wholePackages = {
  npm_config_ignore_scripts: 'false',
  npm_config_include: 'optional',
  npm_config_bin_links: 'true',
  PNPM_CONFIG_IGNORE_SCRIPTS: 'false',
  PNPM_CONFIG_OPTIONAL: 'true',
};

/**
 * The environment of npm and pnpm. They keep fetched files in HOME, or in this clone if HOME is not writable, as in a
 * container with an unnamed user. The settings in HOME still apply, except those that leave out parts of packages.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function fetchEnvironment(root, env) {
  if (isWritable(homedir())) return { ...env, ...wholePackages };
  const home = join(root, '.latchkey', 'programs', 'home');
  const { npm_config_cache: cache = '', npm_config_userconfig = join(homedir(), '.npmrc') } = env;
  return {
    ...env,
    ...wholePackages,
    HOME: home,
    npm_config_cache: isWritable(cache) ? cache : join(home, '.npm'),
    npm_config_userconfig,
  };
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    // The dot makes this fail for a file.
    accessSync(`${folder}/.`, constants.W_OK);
    return folder !== '';
  } catch {
    return false;
  }
}
