import { startService } from '@latchkey/service-kit';
import { runCommand } from './commands/run-command.ts';

await startService(async () => {
  process.exitCode = await runCommand(process.argv.slice(2), process);
});
