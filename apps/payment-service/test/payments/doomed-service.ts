import { buildApp } from '../../src/app.ts';
import { readConfig } from '../../src/config.ts';
import { openPaymentDatabase } from '../../src/database/open-payment-database.ts';

/**
 * A payment-service that kills itself, as SIGKILL does, right before the n-th statement that a POST sends to Postgres,
 * the sandbox's own among them; when there are fewer, right before the answer. Started as a child process by
 * killed-service.test.ts.
 */
const lastStatement = Number(process.env['DIES_BEFORE_STATEMENT']);

const die = () => void process.kill(process.pid, 'SIGKILL');
let armed = false;
let statements = 0;

const config = readConfig(process.env);
const database = await openPaymentDatabase(config);
database.pool.on('connect', (client) => {
  const query = client.query.bind(client) as (...parameters: unknown[]) => unknown;
  const counting = (...parameters: unknown[]) => {
    if (armed) {
      statements += 1;
      if (statements === lastStatement) die();
    }
    return query(...parameters);
  };
  Object.assign(client, { query: counting });
});

const app = await buildApp({ config, database });
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
await app.authClient.ready();
process.send?.({ address: app.server.address() });
