import { DevStackError } from '../errors.ts';
import { freePort, isRefusedPort, keepPort, type PortFault, portFault } from '../processes/ports.ts';
import type { ServiceDefinition } from '../services/definitions.ts';

/**
 * A port for each service: its default, or the one that `env` names, or a random one.
 *
 * @throws DevStackError that names each port that is taken or refused to this user, and how to choose another
 */
export async function choosePorts<Key extends string>(
  definitions: Readonly<Record<Key, ServiceDefinition>>,
  ports: 'default' | 'random',
  env: Record<string, string | undefined> = process.env,
): Promise<Record<Key, number>> {
  const keys = Object.keys(definitions) as Key[];
  const chosen = new Map<Key, number>();
  const faulty: FaultyPort[] = [];
  for (const key of keys) {
    const { name, portVariable, defaultPort } = definitions[key];
    const given = env[portVariable];
    if (ports === 'random') {
      chosen.set(key, await freePort());
      continue;
    }
    const port = given === undefined || given === '' ? defaultPort : Number(given);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new DevStackError(`${portVariable} is not a port: give it a whole number from 1 to 65535.`);
    }
    if (isRefusedPort(port))
      throw new DevStackError(`${portVariable} is ${port}, a port that browsers refuse: choose another.`);
    if ([...chosen.values()].includes(port))
      throw new DevStackError(`Port ${port} is given to two services: see ${portVariable}.`);
    const fault = await portFault(port);
    if (fault !== undefined) faulty.push({ port: `${port} (${name})`, variable: portVariable, fault });
    chosen.set(key, port);
  }
  // Postgres and Redis start first, and must not take one of these.
  for (const port of chosen.values()) await keepPort(port);
  if (faulty.length > 0) throw new DevStackError(explainAll(faulty));
  return Object.fromEntries(chosen) as Record<Key, number>;
}

/** `port` says of which service it is, and `variable` is the setting that chooses another. */
type FaultyPort = { port: string; variable: string; fault: PortFault };

function explainAll(faulty: readonly FaultyPort[]): string {
  const sentences = (['in use', 'refused'] as const).flatMap((fault) => {
    const these = faulty.filter((port) => port.fault === fault);
    if (these.length === 0) return [];
    const [noun, verb] = these.length === 1 ? ['Port', 'is'] : ['Ports', 'are'];
    const names = `${noun} ${these.map(({ port }) => port).join(', ')}`;
    const variables = these.map(({ variable }) => variable).join(', ');
    return fault === 'in use'
      ? `${names} ${verb} in use: stop what listens there, or choose another by ${variables}.`
      : `${names} may not be used by this user: choose another by ${variables}, from 1024 on.`;
  });
  return sentences.join(' ');
}
