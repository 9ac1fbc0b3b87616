/** What says where it listens: a Fastify, or anything that is made to look like one. */
type Listening = { listen(options: { host: string; port: number }): Promise<string> };

/**
 * Has each listen on a free loopback port, and tells whoever started this process (startMeasuredServer) where; from then
 * on also how much CPU time it has used. The process ends when the one that started it has gone, however that happened.
 */
export async function serveMeasured(...apps: readonly Listening[]): Promise<void> {
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.on('disconnect', () => process.exit());
  process.once('SIGTERM', () => process.exit());
  const urls = await Promise.all(apps.map((app) => app.listen({ host: '127.0.0.1', port: 0 })));
  process.send?.({ urls });
}
