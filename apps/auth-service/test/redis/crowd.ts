import { setTimeout as sleep } from 'node:timers/promises';
import type { Service } from '@latchkey/service-kit';
import { eventually } from '@latchkey/testing';
import { expect } from 'vitest';
import { refresh, register, signIn, type Tokens } from '../support/auth-app.ts';

/** How often each person refreshes: rarely enough that a failover loses fewer rotations of a session than are adopted. */
const everyMs = 1_500;

export type Person = {
  readonly shard: number;
  tokens: Tokens;
  /** When the last refresh that succeeded was sent and answered, by performance.now(). */
  refresh: { readonly sentAt: number; readonly answeredAt: number };
};

export type Crowd = {
  readonly people: readonly Person[];
  /** The answers that took a session from its owner: anything but 200 and 503. */
  readonly refusals: readonly string[];
  readonly answers: { ok: number; unavailable: number };
  /**
   * Waits until everybody (of these) has sent a refresh after `since` and was served. Returns how long that took, in
   * seconds.
   */
  untilAllRefresh(since: number, people?: readonly Person[]): Promise<number>;
  /** Takes a person out of the crowd. */
  leave(person: Person): Promise<void>;
  stop(): Promise<void>;
};

/**
 * People who are signed in on one device each and refresh without end, as pages do. After 503 they try again. They come
 * until `isComplete` is true of them.
 */
export async function startCrowd(
  app: Service,
  isComplete: (people: readonly Person[]) => boolean,
): Promise<Crowd> {
  const refusals: string[] = [];
  const answers = { ok: 0, unavailable: 0 };
  const people: Person[] = [];
  const left = new Set<Person>();
  let hasStopped = false;
  while (!isComplete(people)) {
    const username = await register(app);
    const tokens = await eventually('a person signs in', () => signIn(app, username));
    people.push({
      shard: Number.parseInt(tokens.session_id, 10),
      tokens,
      refresh: { sentAt: 0, answeredAt: 0 },
    });
  }

  const lives = new Map(people.map((person) => [person, live(person)]));
  async function live(person: Person): Promise<void> {
    // Not all at the same time.
    await sleep(Math.random() * everyMs);
    while (!hasStopped && !left.has(person)) {
      const sentAt = performance.now();
      const answer = await refresh(app, person.tokens.refresh_token);
      if (answer.statusCode === 200) {
        person.tokens = { ...person.tokens, ...answer.json() };
        person.refresh = { sentAt, answeredAt: performance.now() };
        answers.ok += 1;
      } else if (answer.statusCode === 503) answers.unavailable += 1;
      else refusals.push(`${answer.statusCode} ${answer.body}`);
      await sleep(answer.statusCode === 503 ? everyMs / 5 : everyMs);
    }
  }

  return {
    people,
    refusals,
    answers,
    async untilAllRefresh(since, some = people) {
      await eventually('everybody refreshes again', () => {
        for (const person of some) expect(person.refresh.sentAt).toBeGreaterThan(since);
      });
      return (Math.max(...some.map((person) => person.refresh.answeredAt)) - since) / 1000;
    },
    async leave(person) {
      left.add(person);
      await lives.get(person);
    },
    async stop() {
      hasStopped = true;
      await Promise.all(lives.values());
    },
  };
}
