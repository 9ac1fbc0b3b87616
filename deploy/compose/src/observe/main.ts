import { createObserver } from './server.ts';

const port = Number(process.env['PORT'] ?? 4318);
const server = createObserver();
server.listen(port, () => console.log(`OTLP over HTTP and the page: http://localhost:${port}`));

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
