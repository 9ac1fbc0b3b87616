import { describe, expect, it } from 'vitest';
import { serviceUnderTest } from '../service-under-test.ts';

describe('/live and /ready', () => {
  it('say yes when there is nothing to check', async () => {
    const { app } = await serviceUnderTest();
    expect((await app.inject('/live')).json()).toEqual({ status: 'live' });
    expect((await app.inject('/ready')).json()).toEqual({ status: 'ready', checks: [] });
    await app.close();
  });

  it('/ready names the checks that fail, /live stays', async () => {
    const { app, logLines } = await serviceUnderTest();
    let broken = true;
    app.addReadinessCheck('postgres', async () => {});
    app.addReadinessCheck('keys', async () => {
      if (broken) throw new Error('http://10.0.0.5 is down');
    });
    const response = await app.inject('/ready');
    expect(response.statusCode).toBe(503);
    expect(response.headers['content-type']).toContain('application/problem+json');
    expect(response.headers['retry-after']).toBe('1');
    expect(response.json()).toMatchObject({ code: 'not_ready', failing: ['keys'] });
    expect(response.body).not.toContain('10.0.0.5');
    expect(logLines().find((line) => line['check'] === 'keys')).toMatchObject({
      msg: 'not ready',
      err: {
        type: 'Error',
        message: 'http://10.0.0.5 is down',
        stack: expect.stringContaining('health.test'),
      },
    });
    expect((await app.inject('/live')).statusCode).toBe(200);

    broken = false;
    expect((await app.inject('/ready')).json()).toEqual({ status: 'ready', checks: ['postgres', 'keys'] });
    await app.close();
  });

  it('/ready reports warnings, whether it is ready or not; the metrics report them, too', async () => {
    const { app } = await serviceUnderTest();
    let isFull = false;
    let broken = false;
    app.addReadinessWarning('nearly_full', () => isFull);
    app.addReadinessCheck('disk', async () => {
      if (broken) throw new Error('no disk');
    });
    expect((await app.inject('/ready')).json()).toEqual({ status: 'ready', checks: ['disk'] });
    expect((await app.inject('/metrics')).body).toContain('readiness_warning{name="nearly_full"} 0');
    isFull = true;
    const warned = await app.inject('/ready');
    expect(warned.statusCode).toBe(200);
    expect(warned.json()).toEqual({ status: 'ready', checks: ['disk'], warnings: ['nearly_full'] });
    expect((await app.inject('/metrics')).body).toContain('readiness_warning{name="nearly_full"} 1');
    broken = true;
    expect((await app.inject('/ready')).json()).toMatchObject({
      status: 503,
      failing: ['disk'],
      warnings: ['nearly_full'],
    });
    await app.close();
  });

  it('/ready shows why a check fails where the error says it may', async () => {
    const { app } = await serviceUnderTest();
    const told = Object.assign(new Error('Something in between buffers'), { expose: true });
    const { proxy: unreadable, revoke } = Proxy.revocable(new Error(), {});
    revoke();
    app.addReadinessCheck('revocations', () => Promise.reject(told));
    app.addReadinessCheck('odd', () => Promise.reject(unreadable));
    app.addReadinessCheck('postgres', () => Promise.reject(new Error('10.0.0.5 is down')));
    const response = await app.inject('/ready');
    expect(response.json()).toMatchObject({
      failing: ['revocations', 'odd', 'postgres'],
      reasons: { revocations: 'Something in between buffers' },
    });
    expect(response.body).not.toContain('10.0.0.5');
    await app.close();
  });

  it('/ready gives a check that hangs one second', async () => {
    const { app, logLines } = await serviceUnderTest();
    app.addReadinessCheck('frozen', () => new Promise(() => {}));
    const response = await app.inject('/ready');
    expect(response.json()).toMatchObject({ status: 503, failing: ['frozen'] });
    expect(logLines()[0]).toMatchObject({ check: 'frozen', err: { message: 'no answer within 1000 ms' } });
    await app.close();
  });

  it('/ready survives a check that throws at once', async () => {
    const { app } = await serviceUnderTest();
    app.addReadinessCheck('bug', () => {
      throw new Error('not even a promise');
    });
    expect((await app.inject('/ready')).json()).toMatchObject({ status: 503, failing: ['bug'] });
    await app.close();
  });

  it('many probes at once run a check once', async () => {
    const { app } = await serviceUnderTest();
    let runs = 0;
    app.addReadinessCheck('slow', async () => {
      runs += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    });
    await Promise.all(Array.from({ length: 20 }, () => app.inject('/ready')));
    expect(runs).toBe(1);
    await app.close();
  });

  it('/ready says no once the service is closing, while other routes still answer', async () => {
    const { app } = await serviceUnderTest();
    app.lifecycle.drain();
    const ready = await app.inject('/ready');
    expect(ready.json()).toMatchObject({ status: 503, failing: ['closing'] });
    const live = await app.inject('/live');
    expect(live.statusCode).toBe(200);
    expect(live.headers.connection).toBe('close');
    await app.close();
  });
});
