import { demoAccounts } from '@latchkey/dev-stack/demo-accounts';
import { type Answer, ask, refreshing, send, signingIn, type Tokens } from '@latchkey/person';
import { byService, services as table } from '@latchkey/services';
import { eventually as eventuallySoon } from '@latchkey/testing';
import { inject } from 'vitest';
import { createCompose, docker, project } from './docker.ts';

export const ports = inject('ports');
export const compose = createCompose(ports);
export const composeWith = (env: Record<string, string>) => createCompose(ports, { env });
export const observeUrl = `http://localhost:${ports.observe}`;

export const storefrontUrl = `http://localhost:${ports.storefront}`;

export const giftIdeasUrl = `http://localhost:${ports.gift_ideas}`;

export const exampleIdUrl = `http://localhost:${ports.example_id}`;

export const urls = byService((key) => `http://localhost:${ports[key]}`);

export const services = Object.values(table).map(({ name }) => name);

export type Container = {
  Id: string;
  Name: string;
  State: { Status: string; Pid: number; ExitCode: number; StartedAt: string; Health?: { Status: string } };
  RestartCount: number;
  Config: { User: string; Env: string[]; Labels: Record<string, string> };
  HostConfig: {
    ReadonlyRootfs: boolean;
    CapDrop: string[] | null;
    CapAdd: string[] | null;
    SecurityOpt: string[] | null;
    Privileged: boolean;
    Memory: number;
    PidsLimit: number;
    Init: boolean;
    LogConfig: { Type: string; Config: Record<string, string> };
    PortBindings: Record<string, { HostIp: string; HostPort: string }[]> | null;
  };
  Mounts: { Type: string; Name?: string; Source: string; Destination: string; RW: boolean }[];
  NetworkSettings: {
    Ports: Record<string, { HostIp: string; HostPort: string }[] | null>;
    Networks: Record<string, { IPAddress: string; NetworkID: string }>;
  };
};

/** The project's current containers, or those of one service. Includes one-shots that have ended. */
export async function containers(service?: string): Promise<Container[]> {
  const filters = [`label=com.docker.compose.project=${project}`];
  if (service !== undefined) filters.push(`label=com.docker.compose.service=${service}`);
  const ids = await docker('ps', '--all', '--quiet', ...filters.flatMap((filter) => ['--filter', filter]));
  if (ids.trim() === '') return [];
  return JSON.parse(await docker('inspect', ...ids.trim().split('\n'))) as Container[];
}

export async function container(service: string): Promise<Container> {
  const [found] = await containers(service);
  if (found === undefined) throw new Error(`there is no container of ${service}`);
  return found;
}

export function serviceOf({ Config }: Container): string {
  return Config.Labels['com.docker.compose.service'] ?? '';
}

/** Runs a command inside a container. @throws when it fails */
export function exec(service: Container, ...command: string[]): Promise<string> {
  return docker('exec', service.Id, ...command);
}

/** Opens a new connection for each request, so that the front can choose another replica. */
const headers = { connection: 'close' };

export function credentialsOf(role: string): { username: string; password: string } {
  const account = demoAccounts.find(({ roles }) => roles.length === 1 && roles[0] === role);
  if (account === undefined) throw new Error(`there is no demo account with the role ${role} alone`);
  return { username: account.username, password: account.password };
}

export async function signIn(role = 'customer'): Promise<Tokens> {
  return (await ask(urls.auth, { ...signingIn(credentialsOf(role)), headers })) as Tokens;
}

export function refresh(refreshToken: string): Promise<Answer> {
  return send(urls.auth, { ...refreshing(refreshToken), headers });
}

export function get(url: string, token?: string): Promise<Answer> {
  return send(url, { path: '', token, headers });
}

/** Signs in and reads from every shop service. @throws when any answer is not the expected one */
export async function useEverything(): Promise<void> {
  const { access_token: token } = await signIn();
  for (const url of [`${urls.cart}/cart`, `${urls.wishlist}/wishlist`, `${urls.payment}/payments`]) {
    const { status } = await get(url, token);
    if (status !== 200) throw new Error(`${url} answered ${status}`);
  }
}

/** Like the other tests' function, but waits longer: containers restart and wait for each other. */
export function eventually<T>(state: string, check: () => Promise<T>): Promise<T> {
  return eventuallySoon(state, check, { withinMs: 120_000, everyMs: 200 });
}
