import { once } from 'node:events';
import { join } from 'node:path';
import { latchkeyDirectory } from './directory.ts';
import { DevStackError, explain } from './errors.ts';
import { serviceDefinitions } from './services/definitions.ts';
import { shellEnvironment } from './services/environment.ts';
import { watchLog } from './services/log-watch.ts';
import { startStack } from './stack/start-stack.ts';
import { stopSignal } from './stop-signal.ts';
import { welcome } from './terminal/welcome.ts';

// npm start: runs the whole system on this machine until Ctrl-C. LATCHKEY_DIRECTORY chooses the folder for the data.
const directory = latchkeyDirectory();
const signal = stopSignal(() => console.log('\nStopping …'));
const aborted = once(signal, 'abort');

try {
  const began = performance.now();
  const stack = await startStack({
    directory,
    ports: 'default',
    storefront: true,
    giftIdeas: true,
    exampleId: true,
    redisUrl: process.env['REDIS_URL'],
    env: shellEnvironment(process.env, (line) => console.log(line)),
    signal,
    onProgress: (line) => console.log(line),
    onCrash: (message) => console.error(`${message}\nThe others keep running. Press Ctrl-C and start again.`),
  });
  console.log(welcome(stack, (performance.now() - began) / 1000));
  const watches = Object.values(serviceDefinitions).map(({ name }) => {
    const logFile = join(directory, 'logs', `${name}.log`);
    return watchLog(logFile, (message) => console.error(`${name}: ${message} (${logFile})`));
  });
  const ended = await Promise.race([
    aborted.then(() => undefined),
    stack.postgres.exited.then(() => 'Postgres'),
    stack.redis.exited().then(() => 'Redis'),
  ]);
  const stopping = signal.aborted;
  // While stopping, errors of services that miss each other are expected.
  for (const endWatch of watches) endWatch();
  await stack.stop();
  if (ended !== undefined && !stopping) {
    throw new DevStackError(
      `${ended} ended by itself: look at the log in ${join(directory, ended.toLowerCase())}, and start again.`,
    );
  }
  console.log('Stopped.');
} catch (error) {
  if (signal.aborted) console.log('Stopped.');
  else {
    console.error(explain(error));
    process.exitCode = 1;
  }
}
// Everything is done; a remaining timer must not keep the process alive.
process.exit();
