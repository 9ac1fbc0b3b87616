/** One message of an event stream. */
export type StreamMessage = {
  /** The last `id` that the stream gave, in this message or before. */
  readonly id: string;
  /** `event`, or 'message'. */
  readonly type: string;
  readonly data: string;
  /** The message was longer than allowed, so its data is lost. */
  readonly isTooLong: boolean;
};

/** The bytes are not a readable event stream. */
export class EventStreamError extends Error {}

export type EventStreamOptions = {
  /** The longest line, and the longest data of one message, in characters. Default 1 MiB. */
  maxLength?: number;
};

const standardMaxLength = 1024 * 1024;
/**
 * A message up to this many times the longest length is skipped; beyond that it may never end, and the stream fails.
 */
const skippedLengths = 16;
const lineEnd = /[\r\n]/g;

/**
 * Parses an event stream (text/event-stream, WHATWG HTML §9.2.6) from chunks of any size: UTF-8 with or without byte
 * order mark, lines ended by CR, LF or CRLF, the fields `data`, `id` and `event`, and comments. Ignores other fields,
 * including `retry`, because the subscriber has its own retry delays. Holds at most about two messages of the longest
 * length.
 *
 * Does not interpret the messages.
 *
 * @example
 * const stream = new EventStream()
 * for await (const chunk of response.body) for (const { data } of stream.push(chunk)) handle(data)
 */
export class EventStream {
  readonly #maxLength: number;
  // We strip the byte order mark ourselves: if it arrives in pieces, Node's decoder would also drop a second one.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #hasBegun = false;
  /** The unfinished line. */
  #line = '';
  /** The unfinished line is too long: the rest of it is skipped. */
  #skipping = false;
  /** The last line ended with a CR, so a LF that follows belongs to it. */
  #afterReturn = false;
  #id = '';
  #type = '';
  #data: string[] = [];
  #dataLength = 0;
  #isTooLong = false;
  #skipped = 0;

  constructor({ maxLength = standardMaxLength }: EventStreamOptions = {}) {
    this.#maxLength = maxLength;
  }

  /**
   * The messages that these bytes complete.
   *
   * @throws EventStreamError when a message does not end
   */
  push(bytes: Uint8Array): StreamMessage[] {
    const messages: StreamMessage[] = [];
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === '') return messages;
    const isMarked = !this.#hasBegun && text.startsWith('\uFEFF');
    this.#hasBegun = true;
    let start = isMarked || (this.#afterReturn && text.startsWith('\n')) ? 1 : 0;
    this.#afterReturn = false;
    while (start < text.length) {
      lineEnd.lastIndex = start;
      const end = lineEnd.exec(text)?.index;
      this.#extendLine(text.slice(start, end));
      if (end === undefined) break;
      const message = this.#endLine();
      if (message) messages.push(message);
      start = end + 1;
      if (text[end] === '\r') {
        if (text[start] === '\n') start += 1;
        else this.#afterReturn = start === text.length;
      }
    }
    return messages;
  }

  /** Whether a message or a comment is unfinished. */
  get isWithinMessage(): boolean {
    return this.#line !== '' || this.#skipping || this.#data.length > 0 || this.#isTooLong;
  }

  #extendLine(part: string): void {
    if (!this.#skipping && this.#line.length + part.length <= this.#maxLength) {
      this.#line += part;
      return;
    }
    if (!this.#skipping) {
      this.#skipping = true;
      // A comment carries no data, so nothing is lost.
      const isComment = (this.#line || part).startsWith(':');
      if (!isComment) this.#lose();
      this.#line = '';
    }
    this.#skipped += part.length;
    if (this.#skipped > this.#maxLength * skippedLengths) throw new EventStreamError('message without end');
  }

  #endLine(): StreamMessage | undefined {
    const line = this.#line;
    this.#line = '';
    if (this.#skipping) this.#skipping = false;
    else if (line === '') return this.#dispatch();
    else this.#interpret(line);
    return undefined;
  }

  #interpret(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    switch (field) {
      case 'data':
        this.#addData(value);
        break;
      case 'event':
        this.#type = value;
        break;
      case 'id':
        if (!value.includes('\0')) this.#id = value;
        break;
    }
  }

  #addData(value: string): void {
    if (this.#isTooLong) return;
    // Each line counts one more, so that many empty lines reach the limit too.
    this.#dataLength += value.length + 1;
    if (this.#dataLength > this.#maxLength + 1) this.#lose();
    else this.#data.push(value);
  }

  #lose(): void {
    this.#isTooLong = true;
    this.#data = [];
  }

  #dispatch(): StreamMessage | undefined {
    const isEmpty = this.#data.length === 0 && !this.#isTooLong;
    const message = {
      id: this.#id,
      type: this.#type || 'message',
      data: this.#data.join('\n'),
      isTooLong: this.#isTooLong,
    };
    this.#type = '';
    this.#data = [];
    this.#dataLength = 0;
    this.#isTooLong = false;
    this.#skipped = 0;
    return isEmpty ? undefined : message;
  }
}
