/** The arguments of `node` for each task; the caller's own follow them. Paths are relative to the repository. */
const tasks = {
  start: ['packages/dev-stack/src/start.ts'],
  reset: ['packages/dev-stack/src/reset.ts'],
  test: ['node_modules/vitest/vitest.mjs', 'run'],
  'test:machines': ['node_modules/vitest/vitest.mjs', 'run', '--config', 'vitest.machines.config.ts'],
  'test:compose': ['node_modules/vitest/vitest.mjs', 'run', '--config', 'e2e/compose/vitest.config.ts'],
  check: ['scripts/check.ts'],
  demo: ['demo/src/main.ts'],
  load: ['load/src/main.ts'],
  admin: ['admin/src/main.ts'],
  reference: ['scripts/reference.ts'],
  'new-service': ['scripts/new-service.ts'],
};

export const taskNames = Object.keys(tasks);

/**
 * @param {string} task
 * @param {string[]} args
 * @returns {string[] | undefined} undefined for an unknown task
 */
export function taskCommand(task, args) {
  const command = new Map(Object.entries(tasks)).get(task);
  // Node.js 24 may still warn that running TypeScript is experimental.
  return command === undefined ? undefined : ['--disable-warning=ExperimentalWarning', ...command, ...args];
}
