import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

// Both ways in which clients write an IPv6 address.
const loopback = ['localhost', '127.0.0.1', '::1', '[::1]'];

/**
 * The caller's environment without what would lead a task astray: whatever it starts is on this machine. Settings that
 * clients of Postgres read (PGSSLMODE, PGOPTIONS, PGSERVICE and so on) are meant for another server. A proxy is not asked
 * for this machine's own addresses; clients take no_proxy before NO_PROXY, so both say the same.
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

/**
 * The environment of npm and pnpm, which keep what they fetch in HOME; in the clone where nobody may write there, as in
 * a container with a user that has no name. The settings in HOME count all the same.
 *
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {NodeJS.ProcessEnv}
 */
export function fetchEnvironment(root, env) {
  if (isWritable(homedir())) return env;
  const home = join(root, '.latchkey', 'programs', 'home');
  const { npm_config_cache: cache = '', npm_config_userconfig = join(homedir(), '.npmrc') } = env;
  return {
    ...env,
    HOME: home,
    npm_config_cache: isWritable(cache) ? cache : join(home, '.npm'),
    npm_config_userconfig,
  };
}

/** @param {string} folder */
function isWritable(folder) {
  try {
    // Of a file the dot says that it is none.
    accessSync(`${folder}/.`, constants.W_OK);
    return folder !== '';
  } catch {
    return false;
  }
}
