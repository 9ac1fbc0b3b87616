import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..', '..');
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  cpSync(join(repository, '.ci', 'engine'), join(root, 'clone', '.ci', 'engine'));
  writeFileSync(join(root, 'clone', 'Dockerfile'), 'FROM node:1 AS node\nFROM node AS service\n');
  writeFileSync(join(root, 'clone', 'docker-compose.yml'), 'services:\n  redis:\n    image: redis:1\n');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** A program that comes before the machine's own on PATH. */
function program(name: string, script: string): void {
  mkdirSync(join(root, 'bin'), { recursive: true });
  writeFileSync(join(root, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** One of the scripts that may be in a folder beside the clone. */
function beside(name: string, script: string): void {
  const folder = join(root, 'shared', 'containers');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, name), `${script}\n`);
}

function run(env: NodeJS.ProcessEnv = {}) {
  const path = [join(root, 'bin'), process.env['PATH']].join(delimiter);
  const { stdout, ...rest } = spawnSync(join(root, 'clone', '.ci', 'engine'), {
    encoding: 'utf8',
    env: { ...process.env, PATH: path, ROOT: root, ...env },
  });
  return { reason: stdout.trim(), ...rest };
}

const noEngine = 'exit 1';
const engineOnceStarted = '[ -e "$ROOT/started" ]';

describe('where no engine answers', () => {
  beforeEach(() => program('docker', noEngine));

  it('says so', () => {
    expect(run()).toMatchObject({
      status: 1,
      reason: expect.stringMatching(/^no Docker engine with Compose answers/),
    });
  });

  it('starts one', () => {
    beside('engine.sh', 'touch "$ROOT/started"');
    program('docker', engineOnceStarted);
    expect(run()).toMatchObject({ status: 0, reason: '' });
  });

  it('starts one by the script of another folder', () => {
    const folder = join(root, 'elsewhere');
    mkdirSync(folder);
    writeFileSync(join(folder, 'engine.sh'), 'touch "$ROOT/started"\n');
    program('docker', engineOnceStarted);
    expect(run({ CONTAINERS: folder })).toMatchObject({ status: 0, reason: '' });
  });

  it('says why one did not start, and shows its whole output', () => {
    beside('engine.sh', 'echo first; echo mount: permission denied; echo did not start >&2; exit 1');
    expect(run()).toMatchObject({
      status: 1,
      reason: 'no Docker engine with Compose answers: mount: permission denied did not start',
      stderr: expect.stringContaining('first\n'),
    });
  });
});

describe('where an engine answers', () => {
  it('pulls the base images that are not there, and runs a container of each', () => {
    program('docker', 'echo "$@" >>"$ROOT/asked"; [ "$1 $2 $3" != "image inspect redis:1" ]');
    expect(run()).toMatchObject({ status: 0, reason: '' });
    const asked = spawnSync('cat', [join(root, 'asked')], { encoding: 'utf8' }).stdout;
    expect(asked).toContain('pull --quiet redis:1\n');
    expect(asked).not.toContain('pull --quiet node:1');
    expect(asked).toMatch(/^run .* node:1 .*\n?run .* redis:1 /m);
  });

  it('makes stand-ins where nothing can be pulled', () => {
    program('docker', 'case "$1" in image) exit 1;; pull) echo no such host; exit 1;; esac');
    expect(run()).toMatchObject({
      status: 1,
      reason: 'the base images cannot be had: no such host',
    });
    program('docker', 'case "$1" in image) [ -e "$ROOT/made" ];; pull) echo no such host; exit 1;; esac');
    beside('stand-in-images.sh', 'touch "$ROOT/made"');
    expect(run()).toMatchObject({ status: 0 });
    rmSync(join(root, 'made'));
    beside('stand-in-images.sh', 'echo no space left; exit 1');
    expect(run()).toMatchObject({ status: 1, reason: 'the base images cannot be had: no space left' });
  });

  it('says when no container runs', () => {
    program('docker', '[ "$1" != run ] || { echo "runc: operation not permitted"; exit 125; }');
    expect(run()).toMatchObject({
      status: 1,
      reason: 'the engine runs no container: runc: operation not permitted',
    });
  });
});
