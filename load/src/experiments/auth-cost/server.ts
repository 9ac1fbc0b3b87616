// node server.ts <number> <way> …: starts this many small services, each with one route for each way. The routes'
// answer costs next to nothing.
import Fastify, { type FastifyInstance } from 'fastify';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { protect } from './protection.ts';
import { answer, type ServerSettings, settingsVariable, type Way } from './settings.ts';

const settings: ServerSettings = JSON.parse(process.env[settingsVariable] ?? '{}');
const [count, ...ways] = process.argv.slice(2);

async function build(): Promise<FastifyInstance> {
  const app = Fastify();
  for (const way of ways as Way[])
    app.get(`/${way}`, { onRequest: await protect(app, way, settings) }, async () => answer);
  return app;
}

// One after the other: while the modules of one load, another could not receive its keys in time.
const apps: FastifyInstance[] = [];
while (apps.length < Number(count)) apps.push(await build());
await serveMeasured(...apps);
