import { expect, onTestFinished, test } from 'vitest';
import { serviceUnderTest } from './service-under-test.ts';

test('an idle connection stays open for longer than load balancers use it again: Google’s do so for 600 s', async () => {
  const { app } = await serviceUnderTest();
  onTestFinished(() => app.close());
  const answer = await fetch(`${await app.listen({ host: '127.0.0.1', port: 0 })}/live`);
  await answer.body?.cancel();
  const [, seconds] = /^timeout=(\d+)$/.exec(answer.headers.get('keep-alive') ?? '') ?? [];
  expect(Number(seconds)).toBeGreaterThan(600);
});
