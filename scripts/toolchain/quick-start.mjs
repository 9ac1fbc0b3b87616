import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

/**
 * NODE_OPTIONS with which every process of a task, however deep, loads service-kit's quick-start.mjs first, and keeps what
 * it compiles for the next one: a task starts many that load the same thousand modules.
 *
 * @param {string} root
 * @param {string} given  the caller's own options, which stay
 * @returns {string}
 */
export function quickStartOptions(root, given = '') {
  const script = pathToFileURL(join(root, 'packages', 'service-kit', 'src', 'quick-start.mjs'));
  script.searchParams.set('cache', join(root, 'node_modules', '.cache', 'compiled'));
  const option = `--import=${script}`;
  return given.split(' ').includes(option) ? given : `${given} ${option}`.trim();
}
