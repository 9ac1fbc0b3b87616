import { eventually } from '@latchkey/testing';
import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openPaymentDatabase } from '../../src/database/open-payment-database.ts';

/**
 * A payment-service that kills itself, as SIGKILL does, right before the n-th statement that a POST sends to Postgres,
 * including the sandbox's; with fewer statements, right before the answer. Statements between begin and commit do not
 * count: Postgres undoes all of them alike. killed-service.test.ts starts it as a child process.
 */
const lastStatement = Number(process.env['DIES_BEFORE_STATEMENT']);

const die = () => void process.kill(process.pid, 'SIGKILL');
let open = false;

/** A statement outside a transaction, or a transaction's begin or commit. */
function isStep(query: unknown): boolean {
  const text = typeof query === 'string' ? query : (query as { text?: string }).text;
  const within = open;
  if (text === 'begin') open = true;
  if (text === 'commit' || text === 'rollback') open = false;
  return !within || text === 'commit';
}

let armed = false;
let statements = 0;

const config = readConfig(process.env);
const database = await openPaymentDatabase(config);
database.pool.on('connect', (client) => {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const counting = (...parameters: unknown[]) => {
    if (armed && isStep(parameters[0])) {
      statements += 1;
      if (statements === lastStatement) die();
    }
    return query(...parameters);
  };
  Object.assign(client, { query: counting });
});

const accessToken = async () => process.env['REVOCATIONS_TOKEN'] ?? '';
const revocations = { uri: config.REVOCATIONS_URI, accessToken };
const app = await buildApp({ config, database, revocations });
app.addHook('preHandler', async (request) => {
  armed = request.method === 'POST';
});
app.addHook('onSend', async (request) => {
  if (request.method === 'POST' && statements < lastStatement) {
    process.send?.({ statements });
    die();
  }
});
await app.listen({ host: config.HOST, port: config.PORT });
// Nothing else may use Postgres meanwhile. On a busy machine the keys may need a second attempt.
await untilReady();
process.send?.({ address: app.server.address() });

async function untilReady(): Promise<void> {
  await eventually('the keys are there', () =>
    Promise.all([app.authClient.ready(), app.serviceClient.identity.ready()]),
  );
}
