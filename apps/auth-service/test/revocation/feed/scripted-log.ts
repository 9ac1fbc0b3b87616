import type { Revocation } from '@latchkey/auth-client';
import { type Position, readShardPosition } from '@latchkey/auth-client/feed';
import type { RevocationBatch, RevocationLog } from '../../../src/revocation/log/revocation-log.ts';

const page = 3;

/**
 * A log in which the test decides when entries are told, how long a read takes and what is trimmed. It keeps every
 * entry for comparison.
 */
export class ScriptedLog implements RevocationLog {
  readonly issuedFrom = 0;
  isFollowing = true;
  epoch = 0xa0;
  /** Entry number n of a shard is at n − 1. Undefined once trimmed. */
  entries: (Revocation | undefined)[][];
  told: number[];
  readonly #slow: <T>(value: T) => Promise<T>;
  readonly #truth = new Map<string, (Revocation | undefined)[][]>();
  readonly #batchListeners = new Set<(batch: RevocationBatch) => void>();
  readonly #epochListeners = new Set<() => void>();

  constructor(shards: number, slow: <T>(value: T) => Promise<T>) {
    this.entries = Array.from({ length: shards }, () => []);
    this.told = this.entries.map(() => 0);
    this.#slow = slow;
    this.#remember();
  }

  get head(): Position {
    return this.#position(this.told);
  }

  /** The entries between two positions of one epoch, even if they have been trimmed since. */
  between(after: Position, upTo: Position): (Revocation | undefined)[] {
    return after.flatMap((text, shard) => {
      const from = readShardPosition(text);
      const to = readShardPosition(upTo[shard] ?? '');
      if (from === undefined || from.epoch !== to?.epoch)
        throw new Error('positions of two epochs in one message');
      return this.#truth.get(from.epoch)?.[shard]?.slice(from.sequence, to.sequence) ?? [];
    });
  }

  keepsNothingBefore(position: Position): boolean {
    const sequences = this.#sequencesOf(position);
    return this.entries.every((entries, shard) =>
      entries.slice(0, sequences?.[shard]).every((entry) => entry === undefined),
    );
  }

  append(shard: number, revocation: Revocation): void {
    this.entries[shard]?.push(revocation);
    this.#truth.get(this.epoch.toString(16))?.[shard]?.push(revocation);
  }

  /** Tells at most this many new entries. */
  tell(most: number): void {
    const after = this.head;
    const revocations: Revocation[] = [];
    this.entries.forEach((entries, shard) => {
      const from = this.told[shard] ?? 0;
      const news = entries.slice(from, from + most - revocations.length);
      // Entries trimmed before a new epoch are not told again; the first batch begins after them.
      revocations.push(...(news as Revocation[]));
      this.told[shard] = from + news.length;
    });
    const batch = { after, upTo: this.head, revocations };
    if (revocations.length > 0) for (const listener of this.#batchListeners) listener(batch);
    this.isFollowing ||= this.entries.every((entries, shard) => entries.length === this.told[shard]);
  }

  trim(shard: number): void {
    const index = this.entries[shard]?.findIndex((entry) => entry !== undefined) ?? -1;
    const entries = this.entries[shard];
    if (entries && index >= 0 && index < (this.told[shard] ?? 0)) entries[index] = undefined;
  }

  /** Redis restarts with or without its data. The sequence goes on, as in Redis. */
  restart({ keepsData }: { keepsData: boolean }): void {
    this.epoch += 1;
    if (!keepsData) this.entries = this.entries.map((entries) => entries.map(() => undefined));
    this.told = this.#oldest();
    this.isFollowing = this.entries.every((entries, shard) => entries.length === this.told[shard]);
    this.#remember();
    for (const listener of this.#epochListeners) listener();
  }

  async read(after: Position | 'oldest'): Promise<RevocationBatch | undefined> {
    // The page must not contain entries that are told while the read is in progress.
    const limit = [...this.told];
    const { epoch } = this;
    await this.#slow(undefined);
    if (!this.isFollowing) throw new Error('the log is not following');
    const oldest = this.#oldest();
    const from = after === 'oldest' ? oldest : this.#sequencesOf(after);
    const isKept = from?.every((sequence, shard) => sequence >= (oldest[shard] ?? 0));
    const isReached = from?.every((sequence, shard) => sequence <= (limit[shard] ?? 0));
    if (from === undefined || epoch !== this.epoch || !isKept || !isReached) return this.#slow(undefined);
    let left = page;
    const upTo: number[] = [];
    const revocations = this.entries.flatMap((entries, shard) => {
      const start = from[shard] ?? 0;
      const page = entries.slice(start, Math.min(limit[shard] ?? 0, start + left)) as Revocation[];
      left -= page.length;
      upTo.push(start + page.length);
      return page;
    });
    return this.#slow({ after: this.#position(from), upTo: this.#position(upTo), revocations });
  }

  onBatch(listener: (batch: RevocationBatch) => void): () => void {
    this.#batchListeners.add(listener);
    return () => this.#batchListeners.delete(listener);
  }

  onLost(): () => void {
    return () => {};
  }

  onNewEpoch(listener: () => void): () => void {
    this.#epochListeners.add(listener);
    return () => this.#epochListeners.delete(listener);
  }

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  async publish(): Promise<void> {}

  #position(sequences: readonly number[]): Position {
    return sequences.map((sequence) => `${this.epoch.toString(16)}-${sequence}`);
  }

  #sequencesOf(position: Position): number[] | undefined {
    const parts = position.map((text) => readShardPosition(text));
    const isOurs = parts.every((part) => part?.epoch === this.epoch.toString(16));
    return isOurs ? parts.map((part) => part?.sequence ?? 0) : undefined;
  }

  /** The position after the last trimmed entry, in each shard. */
  #oldest(): number[] {
    return this.entries.map((entries) => entries.lastIndexOf(undefined) + 1);
  }

  #remember(): void {
    this.#truth.set(
      this.epoch.toString(16),
      this.entries.map((entries) => [...entries]),
    );
  }
}
