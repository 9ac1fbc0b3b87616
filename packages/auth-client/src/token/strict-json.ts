const maxDepth = 16;

/** Why a text was refused. Contains nothing of the text. */
export class StrictJsonError extends Error {}

/**
 * Parses a JSON object. Refuses what JSON.parse accepts: a name twice in one object (also when spelled with escapes),
 * lone surrogates, and nesting deeper than 16.
 *
 * With duplicate names, two parsers can see two different tokens (RFC 8725 §2.4, RFC 7519 §4).
 *
 * @throws StrictJsonError for anything but one strict JSON object
 * @example parseJsonObject('{"sub":"x","sub":"y"}'); // throws
 */
export function parseJsonObject(text: string): Record<string, unknown> {
  const names = scanJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StrictJsonError('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StrictJsonError('not an object');
  // JSON.parse keeps the last of those with the same name.
  if (names !== undefined && membersOf(value) !== names) throw new StrictJsonError('duplicate name');
  return value as Record<string, unknown>;
}

/** How many members a parsed object and all objects in it have. */
function membersOf(value: object): number {
  const members = Object.values(value);
  let count = Array.isArray(value) ? 0 : members.length;
  for (const member of members) if (typeof member === 'object' && member !== null) count += membersOf(member);
  return count;
}

/**
 * Checks the nesting, and returns how many names the text has. In a text with escapes, which is rare, it checks names and
 * strings itself, and returns undefined: V8 14.6 now and then misreads names with escapes. Reads the text once, without
 * recursion. Does not check the rest of the grammar.
 *
 * @throws StrictJsonError
 */
function scanJson(text: string): number | undefined {
  const escapes = text.includes('\\');
  const containers: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let atName = false;
  let count = 0;
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case 0x22: {
        const end = endOfString(text, index + 1, escapes);
        if (escapes) {
          const value = stringBetween(text, { start: index, end });
          if (atName && names?.has(value)) throw new StrictJsonError('duplicate name');
          if (atName) names?.add(value);
          atName = false;
        }
        index = end;
        break;
      }
      case 0x3a:
        count += 1;
        break;
      case 0x7b:
      case 0x5b:
        if (containers.length === maxDepth) throw new StrictJsonError('nested too deep');
        atName = text.charCodeAt(index) === 0x7b;
        names = atName && escapes ? new Set() : undefined;
        containers.push(names);
        break;
      case 0x7d:
      case 0x5d:
        containers.pop();
        names = containers.at(-1);
        atName = false;
        break;
      case 0x2c:
        atName = names !== undefined;
        break;
    }
  }
  return escapes ? undefined : count;
}

function endOfString(text: string, start: number, escapes: boolean): number {
  let end = text.indexOf('"', start);
  while (escapes && end !== -1 && isEscaped(text, start, end)) end = text.indexOf('"', end + 1);
  if (end === -1) throw new StrictJsonError('string without end');
  return end;
}

function isEscaped(text: string, start: number, quote: number): boolean {
  let backslashes = 0;
  while (quote - 1 - backslashes >= start && text.charCodeAt(quote - 1 - backslashes) === 0x5c)
    backslashes += 1;
  return backslashes % 2 === 1;
}

function stringBetween(text: string, { start, end }: { start: number; end: number }): string {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) return raw;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    throw new StrictJsonError('bad escape');
  }
  if (typeof value !== 'string' || !value.isWellFormed()) throw new StrictJsonError('lone surrogate');
  return value;
}
