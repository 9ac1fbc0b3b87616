/** Anything that can listen as a Fastify does. */
type Listening = { listen(options: { host: string; port: number }): Promise<string> };

/**
 * Lets each listen on a free loopback port, and sends the URLs to the process that started this one
 * (startMeasuredServer). Answers each later message of that process with the CPU time used so far. Exits when that
 * process is gone, for whatever reason.
 */
export async function serveMeasured(...apps: readonly Listening[]): Promise<void> {
  process.on('message', () => process.send?.(process.cpuUsage()));
  process.on('disconnect', () => process.exit());
  process.once('SIGTERM', () => process.exit());
  const urls = await Promise.all(apps.map((app) => app.listen({ host: '127.0.0.1', port: 0 })));
  process.send?.({ urls });
}
