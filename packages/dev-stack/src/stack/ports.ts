import { DevStackError } from '../errors.ts';
import { freePort, isPortFree, isRefusedPort, reservePort } from '../processes/ports.ts';
import type { ServiceDefinition } from '../services/definitions.ts';

/**
 * A port for each service: its default, or the one that `env` names, or a random one.
 *
 * @throws DevStackError that names each taken port, and how to choose another
 */
export async function choosePorts<Key extends string>(
  definitions: Readonly<Record<Key, ServiceDefinition>>,
  ports: 'default' | 'random',
  env: Record<string, string | undefined> = process.env,
): Promise<Record<Key, number>> {
  const keys = Object.keys(definitions) as Key[];
  const chosen = new Map<Key, number>();
  const taken: string[] = [];
  const variables: string[] = [];
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
    if (!(await isPortFree(port))) {
      taken.push(`${port} (${name})`);
      variables.push(portVariable);
    }
    chosen.set(key, port);
  }
  // Postgres and Redis start first, and must not take one of these.
  for (const port of chosen.values()) reservePort(port);
  if (taken.length > 0) {
    const noun = taken.length === 1 ? 'Port' : 'Ports';
    const verb = taken.length === 1 ? 'is' : 'are';
    throw new DevStackError(
      `${noun} ${taken.join(', ')} ${verb} in use: stop what listens there, or choose another by ${variables.join(', ')}.`,
    );
  }
  return Object.fromEntries(chosen) as Record<Key, number>;
}
