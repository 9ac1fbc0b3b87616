// node server.ts <way> …: a small service, whose answer costs next to nothing, with one route for each of the ways.
import Fastify from 'fastify';
import { serveMeasured } from '../../processes/serve-measured.ts';
import { protect } from './protection.ts';
import { type ServerSettings, settingsVariable, type Way } from './settings.ts';

const settings: ServerSettings = JSON.parse(process.env[settingsVariable] ?? '{}');
const app = Fastify();
const answer = { items: [{ sku: 'tea-001', quantity: 2, price: 1250 }], total: 2500, currency: 'EUR' };
for (const way of process.argv.slice(2) as Way[])
  app.get(`/${way}`, { onRequest: await protect(app, way, settings) }, async () => answer);
await serveMeasured(app);
