/** How the log describes a thrown value. */
export type ErrorDescription = {
  /** The error's name; for anything else, its type. */
  type: string;
  message: string;
  code?: string;
  stack?: string;
  cause?: ErrorDescription;
  /** The parts of an AggregateError; for a SuppressedError, the suppressed error. */
  errors?: ErrorDescription[];
};

// Counts all causes and parts, to limit the length of a log line.
const maxDescribed = 10;

/**
 * Describes any thrown value for the log: errors with their causes, including those of another realm, and values that
 * are not errors. Leaves out an error's other properties, which may hold a request, and the parameters of a query.
 * Never throws, even if reading the value does. Does not remove tokens: `withoutTokens` does, from the finished line.
 *
 * @example describeError(new Error('no answer', { cause: 'a string' })).cause; // { type: 'string', message: 'a string' }
 */
export function describeError(thrown: unknown): ErrorDescription {
  return describe(thrown, new Set());
}

function describe(thrown: unknown, seen: Set<unknown>): ErrorDescription {
  if (typeof thrown === 'function') return { type: 'function', message: 'a function' };
  if (typeof thrown !== 'object' || thrown === null)
    return { type: thrown === null ? 'null' : typeof thrown, message: withoutParameters(String(thrown)) };
  seen.add(thrown);
  const errors = describeAll(partsOf(thrown), seen);
  const [code, stack, cause] = [readProperty(thrown, 'code'), readProperty(thrown, 'stack'), causeOf(thrown)];
  return {
    type: typeOf(thrown),
    message: messageOf(thrown, errors),
    ...(typeof code === 'string' && { code }),
    ...(typeof stack === 'string' && { stack: withoutParameters(stack) }),
    ...(errors.length > 0 && { errors }),
    ...(cause !== undefined && maySee(cause, seen) && { cause: describe(cause, seen) }),
  };
}

function describeAll(parts: readonly unknown[], seen: Set<unknown>): ErrorDescription[] {
  const described: ErrorDescription[] = [];
  // In sequence, because each value is described only once.
  for (const part of parts.slice(0, maxDescribed))
    if (maySee(part, seen)) described.push(describe(part, seen));
  return described;
}

function maySee(thrown: unknown, seen: ReadonlySet<unknown>): boolean {
  return seen.size < maxDescribed && !seen.has(thrown);
}

/** The values for `errors` of the description. */
function partsOf(thrown: object): readonly unknown[] {
  const [parts, suppressed] = [readProperty(thrown, 'errors'), readProperty(thrown, 'suppressed')];
  if (isArray(parts)) return parts;
  return suppressed === undefined ? [] : [suppressed];
}

function causeOf(thrown: object): unknown {
  const [cause, error] = [readProperty(thrown, 'cause'), readProperty(thrown, 'error')];
  // Events and SuppressedErrors have the cause in `error`. An `error` that is no Error may be a token endpoint's
  // answer.
  return cause ?? (typeof readProperty(error, 'stack') === 'string' ? error : undefined);
}

/** Reads a property of a thrown value; undefined if a getter or a proxy throws. */
export function readProperty(thrown: unknown, name: string): unknown {
  try {
    return Object(thrown)[name];
  } catch {
    return undefined;
  }
}

function isArray(value: unknown): value is unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function typeOf(thrown: object): string {
  const name = readProperty(thrown, 'name');
  // A value without a stack is not an error, so its name could be anything.
  if (typeof name === 'string' && name !== '' && typeof readProperty(thrown, 'stack') === 'string')
    return name;
  const maker = readProperty(thrown, 'constructor');
  const kind = typeof maker === 'function' ? readProperty(maker, 'name') : undefined;
  return typeof kind === 'string' && kind !== '' ? kind : 'object';
}

function messageOf(thrown: object, errors: readonly ErrorDescription[]): string {
  const [message, code] = [readProperty(thrown, 'message'), readProperty(thrown, 'code')];
  // A failed connection to several addresses is an AggregateError without a message.
  if (message === '' && errors.length > 0) return errors.map((error) => error.message).join('; ');
  if (message === '' && typeof code === 'string') return code;
  if (typeof message === 'string') return withoutParameters(message);
  if (typeof message === 'number') return String(message);
  try {
    return `no message; its keys: ${Object.keys(thrown).slice(0, maxDescribed).join(', ') || 'none'}`;
  } catch {
    return 'no message; it cannot be read';
  }
}

// drizzle-orm puts the values of a failed query into its message: "Failed query: …\nparams: …".
function withoutParameters(text: string): string {
  const start = text.indexOf('\nparams: ');
  if (start === -1) return text;
  const end = text.indexOf('\n    at ', start);
  return text.slice(0, start) + (end === -1 ? '' : text.slice(end));
}
