import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { ask, send, signingIn } from '@latchkey/person';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  composeWith,
  container,
  credentialsOf,
  eventually,
  exec,
  get,
  observeUrl,
  refresh,
  services,
  signIn,
  urls,
  useEverything,
} from '../system.ts';

type Overview = {
  services: string[];
  traces: { id: string; name: string; services: string[] }[];
  logs: { service: string; message: string }[];
};
type Trace = { spans: { service: string; name: string; parent?: string; id: string }[] };

const observing = composeWith({ COMPOSE_PROFILES: 'observe' });

/** Services report every two seconds. A busy machine may drop a report, so each attempt sends its request again. */
const reported = () => delay(2500);

async function read<T>(path: string): Promise<T> {
  return (await (await fetch(observeUrl + path)).json()) as T;
}

describe('without the profile observe', () => {
  it('nobody is told of a collector, and no page is there', async () => {
    for (const service of services) {
      const running = await container(service);
      expect(running.Config.Env).toContain('OTEL_EXPORTER_OTLP_ENDPOINT=');
      const maps = await exec(
        running,
        'sh',
        '-c',
        'cat /proc/[0-9]*/environ 2>/dev/null | tr "\\0" "\\n" | grep OTLP || true',
      );
      expect(maps).not.toContain('http');
    }
    await expect(fetch(observeUrl)).rejects.toThrow();
  });
});

describe('with the profile observe', () => {
  beforeAll(() => observing('up', '--wait'));

  it('its page answers on 127.0.0.1, in a container that is as closed as the others', async () => {
    expect(await (await fetch(observeUrl)).text()).toContain('<title>Latchkey');
    const { Config, HostConfig, NetworkSettings } = await container('observe');
    expect(Config.User).toBe('node');
    expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ['ALL'], CapAdd: null });
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges:true');
    expect(HostConfig.Memory).toBeGreaterThan(0);
    expect(NetworkSettings.Ports['4318/tcp']?.map(({ HostIp }) => HostIp)).toEqual(['127.0.0.1']);
  });

  it('shows traces and logs of all services', async () => {
    await eventually('the collector shows every service', async () => {
      await useEverything();
      await refresh('rt1.not.a.real.token');
      await reported();
      const { services: reporting, traces, logs } = await read<Overview>('/api/overview');
      const named = (list: { service: string }[]) => [...new Set(list.map(({ service }) => service))].sort();
      expect(reporting).toEqual(services.toSorted());
      expect(named(logs)).toEqual(services.toSorted());
      expect(new Set(traces.flatMap((trace) => trace.services))).toEqual(new Set(services));
    });
  });

  it('shows what a request took: its queries and its Redis commands, below it', async () => {
    await eventually('the collector shows what both requests took', async () => {
      const { refresh_token: token } = await signIn();
      await refresh(token);
      await reported();
      const { traces } = await read<Overview>('/api/overview');
      const names = (
        await Promise.all(traces.slice(0, 20).map(({ id }) => read<Trace>(`/api/traces/${id}`)))
      ).map(({ spans }) => spans.map(({ name }) => name));
      expect(
        names.some((trace) => trace[0] === 'POST /token' && trace.some((name) => /^redis /.test(name))),
      ).toBe(true);
      expect(
        names.some((trace) => trace[0] === 'POST /sessions' && trace.some((name) => /^postgres /.test(name))),
      ).toBe(true);
    });
  });

  it('shows a purchase as one trace: signing in, the cart, the payment, the exchange for it, the cart again', async () => {
    await eventually('the collector shows the purchase as one trace', async () => {
      const trace = randomBytes(16).toString('hex');
      const headers = { traceparent: `00-${trace}-${'1'.repeat(16)}-01` };
      const { access_token } = await ask(urls.auth, { ...signingIn(credentialsOf('customer')), headers });
      const token = String(access_token);
      const price = { amount: 1900, currency: 'EUR' };
      const item = { sku: `mug-${trace.slice(0, 8)}`, quantity: 1, unit_price: price };
      await send(urls.cart, { method: 'POST', path: '/cart/items', token, headers, json: item });
      const cart = (await get(`${urls.cart}/cart`, token)).body as { totals: (typeof price)[] };
      const card = { number: '4242424242424242', exp_month: 12, exp_year: 2099 };
      const paid = await send(urls.payment, {
        method: 'POST',
        path: '/payments',
        token,
        headers: { ...headers, 'idempotency-key': trace },
        json: { amount: cart.totals[0], card },
      });
      expect(paid.status).toBe(201);
      await reported();
      const { traces } = await read<Overview>(`/api/overview?trace_text=${trace}`);
      expect(traces).toHaveLength(1);
      const { spans } = await read<Trace>(`/api/traces/${trace}`);
      const served = spans
        .map(({ service, name }) => `${service} ${name}`)
        .filter((name) => / \//.test(name));
      expect(served).toEqual(
        expect.arrayContaining([
          'auth-service POST /sessions',
          'cart-service POST /cart/items',
          'payment-service POST /payments',
          'auth-service POST /token',
          'cart-service PUT /cart/checkouts/:id',
        ]),
      );
    });
  });

  it('holds no token and no password', async () => {
    const { traces, ...rest } = await read<Overview>('/api/overview');
    const details = await Promise.all(traces.map(({ id }) => read(`/api/traces/${id}`)));
    expect(JSON.stringify({ rest, details })).not.toMatch(/eyJ[\w-]{8}|rt1\.|teal-lantern/);
  });
});
