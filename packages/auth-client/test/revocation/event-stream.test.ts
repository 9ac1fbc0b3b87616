import { Buffer } from 'node:buffer';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EventStream, EventStreamError, type StreamMessage } from '../../src/revocation/event-stream.ts';

type Told = Pick<StreamMessage, 'id' | 'type' | 'data'>;

/** The messages of a stream that arrives in these pieces. */
function read(pieces: readonly (string | Uint8Array)[], maxLength?: number): StreamMessage[] {
  const stream = new EventStream(maxLength === undefined ? {} : { maxLength });
  return pieces.flatMap((piece) => stream.push(Buffer.from(piece as string)));
}

const told = (messages: readonly StreamMessage[]): Told[] =>
  messages.map(({ id, type, data }) => ({ id, type, data }));

/** The heap in use after a garbage collection. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** WHATWG HTML §9.2.6, followed literally on the whole text. */
function readAtOnce(text: string): Told[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  // Text without an end of line is not yet a line.
  lines.pop();
  const messages: Told[] = [];
  let [id, type, data] = ['', '', ''];
  for (const line of lines) {
    if (line === '') {
      if (data !== '') messages.push({ id, type: type || 'message', data: data.slice(0, -1) });
      [type, data] = ['', ''];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/su.exec(line) ?? [];
    if (field === 'data') data += `${value}\n`;
    if (field === 'event') type = value;
    if (field === 'id' && !value.includes('\0')) id = value;
  }
  return messages;
}

describe('an event stream', () => {
  it.each<[string, string, Told[]]>([
    ['one message', 'data: a\n\n', [{ id: '', type: 'message', data: 'a' }]],
    ['lines ended by CR', 'id: 1\rdata: a\r\r', [{ id: '1', type: 'message', data: 'a' }]],
    ['lines ended by CRLF', 'id: 1\r\ndata: a\r\n\r\n', [{ id: '1', type: 'message', data: 'a' }]],
    [
      'all kinds of line ends',
      'data: a\rdata: b\r\ndata: c\n\r',
      [{ id: '', type: 'message', data: 'a\nb\nc' }],
    ],
    ['a byte order mark', '\uFEFFdata: a\n\n', [{ id: '', type: 'message', data: 'a' }]],
    ['comments', ': hello\n:\ndata: a\n: b\n\n:c\n\n', [{ id: '', type: 'message', data: 'a' }]],
    [
      'one space that is left out, and no more',
      'data:a\ndata:  b\n\n',
      [{ id: '', type: 'message', data: 'a\n b' }],
    ],
    [
      'an event type for one message',
      'event: x\ndata: a\n\ndata: b\n\n',
      [
        { id: '', type: 'x', data: 'a' },
        { id: '', type: 'message', data: 'b' },
      ],
    ],
    [
      'an id that stays',
      'id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n',
      [
        { id: '7', type: 'message', data: 'a' },
        { id: '7', type: 'message', data: 'b' },
        { id: '', type: 'message', data: 'c' },
      ],
    ],
    [
      'an id with NUL, which is none',
      'id: 7\nid: 8\0\ndata: a\n\n',
      [{ id: '7', type: 'message', data: 'a' }],
    ],
    ['an id without data', 'id: 7\n\ndata: a\n\n', [{ id: '7', type: 'message', data: 'a' }]],
    ['fields that nobody knows', 'DATA: a\ndata : b\nx\ndata\n\n', [{ id: '', type: 'message', data: '' }]],
    ['a message that is not ended', 'data: a\n\ndata: b\n', [{ id: '', type: 'message', data: 'a' }]],
    ['nothing', '\n\r\n\r', []],
  ])('has %s', (_name, text, expected) => {
    expect(told(read([text]))).toEqual(expected);
    expect(readAtOnce(text)).toEqual(expected);
  });

  it('means the same however its bytes are cut', () => {
    const part = fc.constantFrom(
      ...['\r', '\n', '\r\n', '\n\n', '\r\r', ':', ': ', ' ', '\0', '\uFEFF', 'ü', '漢', '🔑', 'x', 'yz'],
      ...['data: ', 'data:', 'data', 'id: ', 'event: ', 'retry: 1', ':comment'],
    );
    const text = fc.array(part, { maxLength: 40 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(text, fc.infiniteStream(fc.nat(7)), (given, sizes) => {
        const bytes = Buffer.from(given);
        const pieces: Uint8Array[] = [];
        for (let at = 0; at < bytes.length; ) {
          // Some pieces are empty.
          const size = sizes.next().value ?? 1;
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(told(read(pieces))).toEqual(readAtOnce(given));
        expect(told(read([bytes]))).toEqual(readAtOnce(given));
      }),
      { numRuns: 2000 },
    );
  });

  it('begins after one byte order mark, however it comes', () => {
    const bytes = Buffer.from('\uFEFF\uFEFFdata: a\n\ndata: b\n\n');
    const pieces = [bytes.subarray(0, 1), bytes.subarray(1, 7), bytes.subarray(7)];
    for (const given of [[bytes], pieces]) expect(told(read(given)).map(({ data }) => data)).toEqual(['b']);
  });

  it('reads what is no UTF-8 as something, and goes on', () => {
    const pieces = [Buffer.from('data: a'), Uint8Array.of(0xff, 0xc3), Buffer.from('\n\ndata: b\n\n')];
    expect(told(read(pieces)).map(({ data }) => data)).toEqual(['a\uFFFD\uFFFD', 'b']);
  });
});

describe('what is too long', () => {
  const long = 'x'.repeat(50);

  it.each<[string, string]>([
    ['a line', `data: ${long}\n\n`],
    ['a line that comes in pieces', `data: ${long}\n\n`],
    ['many lines of data', `${'data: xxxxx\n'.repeat(9)}\n`],
    ['many empty lines of data', `${'data\n'.repeat(50)}\n`],
    ['an event type', `event: ${long}\ndata: a\n\n`],
    ['a line that nobody knows', `${long}\ndata: a\n\n`],
  ])('loses a message: %s. What comes after is read', (name, text) => {
    const given = `data: before\n\n${text}data: after\n\n`;
    const messages = read(name.includes('pieces') ? [...given] : [given], 40);
    expect(messages.map(({ data, isTooLong }) => (isTooLong ? 'too long' : data))).toEqual([
      'before',
      'too long',
      'after',
    ]);
    expect(messages[1]?.data).toBe('');
  });

  it('is no comment', () => {
    expect(told(read([`:${long}\ndata: a\n\n`], 40)).map(({ data }) => data)).toEqual(['a']);
    expect(told(read([...`:${long}\ndata: a\n\n`], 40)).map(({ data }) => data)).toEqual(['a']);
  });

  it('is read up to the last character that is allowed', () => {
    const [exactly] = read([`data:${'x'.repeat(35)}\n\n`], 40);
    expect([exactly?.isTooLong, exactly?.data.length]).toEqual([false, 35]);
    expect(read([`data:${'x'.repeat(36)}\n\n`], 40)[0]?.isTooLong).toBe(true);
  });

  it('is not read for ever: a message without end is an error', () => {
    const stream = new EventStream({ maxLength: 1000 });
    const endless = (): void => {
      for (;;) stream.push(Buffer.alloc(500, 'x'));
    };
    expect(endless).toThrow(EventStreamError);
  });

  it('takes no memory: 10 MB in one line', () => {
    const stream = new EventStream();
    const chunk = Buffer.alloc(64 * 1024, 'x');
    const before = heldBytes();
    stream.push(Buffer.from('data: '));
    for (let n = 0; n < 160; n += 1) expect(stream.push(chunk)).toEqual([]);
    const grown = heldBytes() - before;
    const [message] = stream.push(Buffer.from('\n\n'));
    expect(message).toMatchObject({ isTooLong: true, data: '' });
    expect(grown).toBeLessThan(3e6);
  });
});
