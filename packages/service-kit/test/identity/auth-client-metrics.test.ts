import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addAuthClientMetrics } from '../../src/identity/index.ts';
import { readMetrics } from '../../src/telemetry/metrics.ts';
import { type ServiceUnderTest, serviceUnderTest } from '../service-under-test.ts';

let app: ServiceUnderTest['app'];

beforeEach(async () => {
  ({ app } = await serviceUnderTest());
});
afterEach(() => app.close());

const nothingKnown = {
  lagSeconds: Number.POSITIVE_INFINITY,
  entries: 0,
  reconnects: 0,
  refusedEvents: 0,
  isSilent: false,
};

const metrics = async (): Promise<string> => (await app.inject('/metrics')).body;

describe('metrics of keys and revocations', () => {
  it('have the values of the time when they are read', async () => {
    const revocations = { ...nothingKnown };
    const counts = { keySetAgeSeconds: 7, keySetSize: 2, verifiedTokens: 40, revocations };
    addAuthClientMetrics(app.metrics, counts);
    let text = await metrics();
    expect(text).toContain('latchkey_key_set_age_seconds 7');
    expect(text).toContain('latchkey_key_set_keys 2');
    expect(text).toContain('latchkey_verified_tokens 40');
    expect(text).toContain('latchkey_revocation_lag_seconds +Inf');
    Object.assign(revocations, { lagSeconds: 4.5, entries: 100, reconnects: 3, refusedEvents: 1 });
    text = await metrics();
    expect(text).toContain('latchkey_revocation_lag_seconds 4.5');
    expect(text).toContain('latchkey_revocation_entries 100');
    expect(text).toContain('latchkey_revocation_reconnects_total 3');
    expect(text).toContain('latchkey_revocation_refused_events_total 1');
  });

  it('leave out an age that JSON cannot represent', async () => {
    const counts = { keySetAgeSeconds: 7, keySetSize: 2, verifiedTokens: 0 };
    addAuthClientMetrics(app.metrics, { ...counts, revocations: nothingKnown });
    const read = await readMetrics(app.metrics);
    const points = Object.fromEntries(
      read.flatMap((metric) => ('gauge' in metric ? [[metric.name, metric.gauge.dataPoints.length]] : [])),
    );
    expect(points).toMatchObject({ latchkey_key_set_age_seconds: 1, latchkey_revocation_lag_seconds: 0 });
  });

  it('say nothing of revocations where the service follows no feed', async () => {
    addAuthClientMetrics(app.metrics, {
      keySetAgeSeconds: 7,
      keySetSize: 2,
      verifiedTokens: 0,
      revocations: null,
    });
    expect(await metrics()).not.toContain('latchkey_revocation');
  });
});
