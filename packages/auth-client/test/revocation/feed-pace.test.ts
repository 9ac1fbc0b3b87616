import { describe, expect, it } from 'vitest';
import { reopenDelayMs, standardPace } from '../../src/revocation/feed-pace.ts';

describe('how long to wait before the feed is opened again', () => {
  it('doubles with each failure in a row, up to the longest', () => {
    const delays = [0, 1, 2, 3, 4, 1000].map((failures) =>
      reopenDelayMs(failures, { ...standardPace, random: 1 }),
    );
    expect(delays).toEqual([100, 200, 400, 500, 500, 500]);
  });

  it('is at least half of it', () => {
    const delays = [0, 1, 1000].map((failures) => reopenDelayMs(failures, { ...standardPace, random: 0 }));
    expect(delays).toEqual([50, 100, 250]);
  });

  it('and the attempts before it take less than 2 s together, so a connection that is back is soon found', () => {
    expect(standardPace.answerMs + standardPace.maxDelayMs).toBeLessThan(2000);
  });
});
