import { globSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { rooms } from '../rooms.ts';

const repository = join(import.meta.dirname, '..', '..');

// Also finds a file that is loaded by its path, such as a Lua script of another room: new URL('../log/publish.lua', …).
const reference = /(['"`])(\.\.?\/[^'"`\s]+)\1/g;

/** Each import of a room above that of the importing file: `file -> file`. */
function upwardImports(house: string, rooms: readonly string[]): string[] {
  const files = new Set(globSync('**/*', { cwd: house }));
  const floorOf = (file: string) => {
    const found = rooms.findLastIndex((room) => file === room || file.startsWith(`${room}/`));
    const exact = rooms.indexOf(file);
    return exact >= 0 ? exact : found >= 0 ? found : rooms.length;
  };
  return [...files]
    .filter((file) => /\.tsx?$/.test(file))
    .flatMap((file) =>
      [...readFileSync(join(house, file), 'utf8').matchAll(reference)]
        .map(([, , path = '']) => join(dirname(file), path))
        .filter((target) => files.has(target) && floorOf(target) > floorOf(file))
        .map((target) => `${file} -> ${target}`),
    );
}

describe.each(Object.entries(rooms))('%s', (house, rooms) => {
  test('has every room that is listed, and lists every room that it has', () => {
    const folders = readdirSync(join(repository, house), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      // These contain no code.
      .filter((name) => name !== 'public' && name !== 'styles');
    expect(rooms.filter((room) => !room.includes('.')).sort()).toEqual(folders.sort());
    const listed = rooms.filter((room) => room.includes('.'));
    expect(listed.filter((file) => globSync(file, { cwd: join(repository, house) }).length === 0)).toEqual(
      [],
    );
  });

  test('no room imports a higher room', () => {
    expect(upwardImports(join(repository, house), rooms)).toEqual([]);
  });
});

test('every app has a list of rooms', () => {
  const houses = globSync('apps/*/{src,page}', { cwd: repository }).filter(
    (house) =>
      readdirSync(join(repository, house), { withFileTypes: true }).filter((entry) => entry.isDirectory())
        .length > 1,
  );
  expect(houses.filter((house) => !(house in rooms))).toEqual([]);
});

test('an import of a higher room is found, also of a type and of a script', () => {
  const house = mkdtempSync(join(tmpdir(), 'latchkey-rooms-'));
  onTestFinished(() => rmSync(house, { recursive: true }));
  const write = (file: string, text: string) => {
    mkdirSync(join(house, dirname(file)), { recursive: true });
    writeFileSync(join(house, file), text);
  };
  write('cellar/wine.ts', "import type { Bed } from '../attic/bed.ts';\n");
  write('cellar/rack.ts', "export const script = new URL('../attic/bed.lua', import.meta.url);\n");
  write('cellar/door.ts', "import { door } from '../door.ts';\n");
  write('attic/bed.ts', "import { wine } from '../cellar/wine.ts';\n");
  write('attic/bed.lua', '');
  write('door.ts', "import './attic/bed.ts';\n");
  expect(upwardImports(house, ['cellar', 'attic']).sort()).toEqual([
    'cellar/door.ts -> door.ts',
    'cellar/rack.ts -> attic/bed.lua',
    'cellar/wine.ts -> attic/bed.ts',
  ]);
});
