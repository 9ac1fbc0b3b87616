import { expect, it } from 'vitest';
import { countRequests, requestsBetween } from '../../../src/experiments/single-parts/auth-requests.ts';

const counted = (labels: string, count: number) =>
  `http_request_duration_seconds_count{${labels}} ${count}\n`;

it('adds up the requests of a route over all statuses, and leaves out monitoring', () => {
  const metrics =
    '# TYPE http_request_duration_seconds histogram\n' +
    'http_request_duration_seconds_bucket{le="0.001",method="POST",route="/token",status="200"} 7\n' +
    counted('method="POST",route="/token",status="200"', 40) +
    counted('method="POST",route="/token",status="400"', 2) +
    counted('method="GET",route="/.well-known/jwks.json",status="200"', 3) +
    counted('method="GET",route="/metrics",status="200"', 9);
  expect(countRequests(metrics)).toEqual(
    new Map([
      ['POST /token', 42],
      ['GET /.well-known/jwks.json', 3],
    ]),
  );
});

it('returns the requests in between, on known and on new routes', () => {
  const before = new Map([
    ['POST /token', 40],
    ['POST /sessions', 50],
  ]);
  const after = new Map([...before, ['POST /token', 90], ['GET /keys', 1]] as const);
  expect(requestsBetween(before, after)).toEqual(
    new Map([
      ['POST /token', 50],
      ['GET /keys', 1],
    ]),
  );
});
