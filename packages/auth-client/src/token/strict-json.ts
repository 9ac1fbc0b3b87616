const maxDepth = 16;

/** Why a text was refused. Contains nothing of the text. */
export class StrictJsonError extends Error {}

/**
 * Refuses what JSON.parse accepts: a name twice in one object (also when spelled with escapes), lone surrogates, and
 * nesting deeper than 16. Reads the text once, without recursion. Does not check the rest of the grammar: the text must
 * go through JSON.parse as well, before or after.
 *
 * With duplicate names, two parsers can see two different tokens (RFC 8725 §2.4, RFC 7519 §4).
 *
 * @throws StrictJsonError
 */
export function scanJson(text: string): void {
  const containers: (Set<string> | undefined)[] = [];
  let names: Set<string> | undefined;
  let atName = false;
  const escapes = text.includes('\\');
  for (let index = 0; index < text.length; index += 1) {
    switch (text.charCodeAt(index)) {
      case 0x22: {
        const end = endOfString(text, index + 1, escapes);
        const value = stringBetween(text, { start: index, end, escapes });
        if (atName && names) {
          if (names.has(value)) throw new StrictJsonError('duplicate name');
          names.add(value);
          atName = false;
        }
        index = end;
        break;
      }
      case 0x7b:
      case 0x5b:
        if (containers.length === maxDepth) throw new StrictJsonError('nested too deep');
        atName = text.charCodeAt(index) === 0x7b;
        names = atName ? new Set() : undefined;
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
}

/**
 * Parses a JSON object with JSON.parse and the checks of scanJson.
 *
 * @throws StrictJsonError for anything but one strict JSON object
 */
export function parseJsonObject(text: string): Record<string, unknown> {
  scanJson(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new StrictJsonError('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new StrictJsonError('not an object');
  return value as Record<string, unknown>;
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

function stringBetween(
  text: string,
  { start, end, escapes }: { start: number; end: number; escapes: boolean },
): string {
  const raw = text.slice(start + 1, end);
  if (!escapes || !raw.includes('\\')) return raw;
  let value: unknown;
  try {
    value = JSON.parse(text.slice(start, end + 1));
  } catch {
    throw new StrictJsonError('bad escape');
  }
  if (typeof value !== 'string' || !value.isWellFormed()) throw new StrictJsonError('lone surrogate');
  return value;
}
