// Runs a task with the Node.js and pnpm that the repository needs, whatever the machine has. Plain JavaScript without
// dependencies, because it also runs on Node.js 18 in a clone without installed packages.
//
//   node scripts/with-toolchain.mjs start|test|test:machines|test:compose|check|demo|load|admin|reset|reference|new-service
//   [arguments]
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forgetMissingFolders, taskEnvironment } from './toolchain/environment.mjs';
import { findNode, findPnpm } from './toolchain/find.mjs';
import { installDependencies } from './toolchain/install.mjs';
import { quickStartOptions } from './toolchain/quick-start.mjs';
import { Runner } from './toolchain/runner.mjs';
import { taskCommand, taskNames } from './toolchain/tasks.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [task = '', ...args] = process.argv.slice(2);
const runner = new Runner();

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error instanceof Error ? error.message.split('\n', 1)[0] : String(error));
  process.exitCode = runner.interrupted ?? 1;
}

async function main() {
  const command = taskCommand(task, args);
  if (command === undefined) {
    console.error(`Unknown task "${task}": use one of ${taskNames.join(', ')}.`);
    return 1;
  }
  forgetMissingFolders(process.env, console.error);
  const node = await findNode(root, runner);
  await installDependencies(root, runner);
  // turbo runs the packages' scripts with pnpm, and a test packs a package with it.
  const tools = task === 'check' || task === 'test' ? [node, await findPnpm(root, runner)] : [node];
  const path = [
    ...tools.map((tool) => dirname(tool)),
    join(root, 'node_modules', '.bin'),
    process.env['PATH'] ?? '',
  ].join(delimiter);
  return await runner.run(node, command, {
    cwd: root,
    env: {
      ...taskEnvironment(process.env),
      PATH: path,
      NODE_OPTIONS: quickStartOptions(root, process.env['NODE_OPTIONS']),
    },
    orphanNotice: task === 'start',
  });
}
