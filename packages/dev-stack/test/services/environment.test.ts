import { expect, onTestFinished, test, vi } from 'vitest';
import { createExampleId } from '../../src/example-id/example-id.ts';
import {
  addressOf,
  authEnvironment,
  originAt,
  type Ports,
  serviceEnvironment,
  shellEnvironment,
} from '../../src/services/environment.ts';
import { storefrontEnvironment } from '../../src/storefront/environment.ts';

// The port of http: a browser leaves it out of an origin, and the services compare origins as text.
const ports = {
  auth: 80,
  cart: 80,
  wishlist: 80,
  payment: 80,
  storefront: 80,
  giftIdeas: 80,
  exampleId: 80,
} satisfies Ports;

test('an address is written as browsers write it', () => {
  expect([originAt(4000), originAt(80)]).toEqual(['http://localhost:4000', 'http://localhost']);
  expect([addressOf(4000), addressOf(80)]).toEqual(['http://127.0.0.1:4000', 'http://127.0.0.1']);
});

test('no setting of a service names the port of http', () => {
  const secrets = {};
  const settings = {
    ...authEnvironment('redis://127.0.0.1:1', secrets, ports),
    ...serviceEnvironment('payment', { ports, databaseUrl: 'postgres://127.0.0.1:1/payment', secrets }),
    ...storefrontEnvironment(ports, '/control.sock'),
    ...createExampleId({ ports, logs: '/logs' }).authEnvironment,
  };
  const addresses = Object.entries(settings).filter(([, value]) => value?.includes('http://'));
  expect(addresses.length).toBeGreaterThan(15);
  expect(addresses.filter(([, value]) => /:80\b/.test(value ?? ''))).toEqual([]);
});

test('of the identity providers in the shell, those with id and secret are passed on, and half of one is told', () => {
  const told: string[] = [];
  const google = { GOOGLE_CLIENT_ID: 'ours', GOOGLE_CLIENT_SECRET: 'a secret' };
  const shell = {
    ...google,
    PATH: '/bin',
    GITHUB_CLIENT_ID: 'ours',
    KAKAO_CLIENT_ID: '',
    KAKAO_CLIENT_SECRET: 'b',
  };
  expect(shellEnvironment(shell, (line) => told.push(line)).auth).toEqual(google);
  expect(told).toEqual([
    'No sign-in with github: GITHUB_CLIENT_SECRET is not set.',
    'No sign-in with kakao: KAKAO_CLIENT_ID is not set.',
  ]);
});

test.each(['debug', 'TRACE'])('a log level that says more is for every service: %s', (level) => {
  const settings = shellEnvironment({ LOG_LEVEL: level }, () => {});
  expect(Object.values(settings).map((of) => of['LOG_LEVEL'])).toEqual(
    Object.values(settings).map(() => level.toLowerCase()),
  );
});

test.each(['silent', 'fatal', 'error', 'warn', 'info', 'notice', ''])(
  'a log level that hides what we read is for no service: %s',
  (level) => {
    const settings = shellEnvironment({ LOG_LEVEL: level }, () => {});
    expect(Object.values(settings).flatMap((of) => Object.keys(of))).toEqual([]);
  },
);

test.each(['silent', 'debug'])('no stack takes a log level of the shell by itself: %s', (level) => {
  vi.stubEnv('LOG_LEVEL', level);
  onTestFinished(() => void vi.unstubAllEnvs());
  const options = { ports, databaseUrl: 'postgres://127.0.0.1:1/cart', secrets: {} };
  expect(serviceEnvironment('cart', options)).not.toHaveProperty('LOG_LEVEL');
});
