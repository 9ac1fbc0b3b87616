/** One message of an event stream. */
export interface StreamMessage {
  /** The last `id` that the stream gave, in this message or before. */
  readonly id: string;
  /** `event`, or 'message'. */
  readonly type: string;
  readonly data: string;
  /** It was longer than is allowed: what it said is lost. */
  readonly isTooLong: boolean;
}

/** What comes is no event stream that can be read. */
export class EventStreamError extends Error {}

export interface EventStreamOptions {
  /** The longest line, and the longest data of one message, in characters. Default 1 MiB. */
  maxLength?: number;
}

const standardMaxLength = 1024 * 1024;
/** How many times the longest message one may be and still be skipped: beyond that nobody knows whether it ever ends. */
const skippedLengths = 16;
const lineEnd = /[\r\n]/g;

/**
 * Reads an event stream (text/event-stream, WHATWG HTML §9.2.6) as its bytes come, however they are cut: UTF-8 with or
 * without byte order mark, lines ended by CR, LF or CRLF; `data`, `id`, `event`, comments; other fields are ignored,
 * `retry` too, because whoever follows has a pace of their own. Holds at most about two messages of the longest length,
 * whatever is sent.
 *
 * Does not look at what the messages say.
 *
 * @example
 * const stream = new EventStream()
 * for await (const chunk of response.body) for (const { data } of stream.push(chunk)) handle(data)
 */
export class EventStream {
  readonly #maxLength: number;
  // Of a byte order mark that comes in pieces, Node's decoder drops a second one, too.
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  #hasBegun = false;
  /** The line that has begun. */
  #line = '';
  /** The line that has begun is too long already: the rest of it is skipped. */
  #skipping = false;
  /** The last line ended with a CR: a LF that follows belongs to it. */
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
   * @throws EventStreamError when a message goes on and on
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

  /** Whether a message, or a comment, has begun and not ended. */
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
      // A comment says nothing, however long it is.
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
    // Each line of data counts one more: many empty ones are not nothing either.
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
