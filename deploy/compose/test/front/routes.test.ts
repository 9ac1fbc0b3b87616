import { describe, expect, it } from 'vitest';
import { parseRoutes } from '../../src/front/routes.ts';

describe('parseRoutes', () => {
  it('reads ports and the services behind them', () => {
    expect(parseRoutes('4000=auth-service:4000, 5001=cart-service:4001')).toEqual([
      { port: 4000, host: 'auth-service', hostPort: 4000 },
      { port: 5001, host: 'cart-service', hostPort: 4001 },
    ]);
  });

  it.each(['', '4000', '4000=auth-service', '0=a:1', '65536=a:1', '4000=a:99999', '4000=A b:1', '4000=a:1,'])(
    'refuses %j',
    (text) => {
      expect(() => parseRoutes(text)).toThrow('ROUTES');
    },
  );

  it('refuses one port for two services', () => {
    expect(() => parseRoutes('4000=a:1,4000=b:1')).toThrow('port 4000 is given to two services');
  });
});
