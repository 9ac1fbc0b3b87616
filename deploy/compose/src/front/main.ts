import { resolve4 } from 'node:dns/promises';
import { startFront } from './front.ts';
import { createReadiness } from './readiness.ts';
import { createReplicas } from './replicas.ts';
import { parseRoutes } from './routes.ts';

// The published ports. Compose can publish a port for one container only, so this container stands in front of the
// replicas of each service, as a Service does in Kubernetes. See docs/decisions/0018-a-front-for-published-ports.md.
const routes = parseRoutes(process.env['ROUTES'] ?? '');
const fronts = await Promise.all(
  routes.map(({ port, host, hostPort }) => {
    const stateOf = createReadiness({ port: hostPort });
    const replicas = createReplicas({ port: hostPort, addresses: () => resolve4(host), stateOf });
    return startFront({ port, replicas });
  }),
);
for (const { port, host, hostPort } of routes)
  console.log(`${port} → every replica of ${host}:${hostPort}, in turn`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(
    signal,
    () => void Promise.all(fronts.map((front) => front.close())).then(() => process.exit(0)),
  );
}
