import { describe, expect, it } from 'vitest';
import {
  entriesBetween,
  isPosition,
  positionFromEventId,
  readShardPosition,
  writeShardPosition,
} from '../../src/feed/position.ts';

describe('a position in a shard', () => {
  it.each(['5f3a-0', '0-7', `${'f'.repeat(16)}-999999999999999`])('%s is read as it was written', (text) => {
    const position = readShardPosition(text);
    expect(position && writeShardPosition(position)).toBe(text);
    expect(isPosition([text])).toBe(true);
  });

  it.each([
    '',
    '5f3a',
    '5f3a-',
    '-1',
    '5f3a-01',
    '5f3a--1',
    '5f3a-1.5',
    '5F3A-1',
    `${'f'.repeat(17)}-1`,
    // One digit more than a JavaScript number always holds exactly.
    '5f3a-1000000000000000',
    '5f3a-1\n',
  ])('%j is none', (text) => {
    expect(readShardPosition(text)).toBeUndefined();
    expect(isPosition([text])).toBe(false);
  });
});

describe('an event id', () => {
  it.each([
    ['5f3a-1,5f3b-2', 2, ['5f3a-1', '5f3b-2']],
    ['5f3a-1', 2, undefined],
    ['5f3a-1,5f3b-2,5f3c-3', 2, undefined],
    ['5f3a-1,', 2, undefined],
    ['', 1, undefined],
  ])('%j, of %i shards, is %j', (id, shards, position) => {
    expect(positionFromEventId(id, shards)).toEqual(position);
  });
});

describe('the entries between two positions', () => {
  it.each<[string[], string[], number | undefined]>([
    [['a-1'], ['a-1'], 0],
    [['a-1', 'b-5'], ['a-3', 'b-6'], 3],
    [['a-2'], ['a-1'], undefined],
    [['a-2', 'b-1'], ['a-1', 'b-9'], undefined],
    [['a-1'], ['b-2'], undefined],
    [['a-1'], ['a-1', 'b-1'], undefined],
    [['a-1'], [], undefined],
  ])('%j and %j: %j', (after, upTo, expected) => {
    expect(entriesBetween(after, upTo)).toBe(expected);
  });
});
