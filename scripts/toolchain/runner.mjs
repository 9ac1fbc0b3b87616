import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */
/** @typedef {{ cwd?: string, env?: NodeJS.ProcessEnv, shell?: boolean, orphanNotice?: boolean }} RunOptions */

const stopSignals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

// npm passes a signal on even if a terminal, or a kill of the whole group, has already sent it to us. A signal within
// this time is such a repetition.
const sameSignalMs = 500;

/**
 * Runs one child at a time and passes signals on to it, except Ctrl-C at a terminal. The terminal signals the whole
 * foreground group, so the child would get that signal twice, and a second one means "at once".
 */
export class Runner {
  /** The exit code after a stop signal; undefined until then. @type {number | undefined} */
  interrupted = undefined;
  /** @type {ChildProcess | undefined} */
  #child = undefined;
  #lastSignalAt = -Infinity;

  constructor() {
    for (const signal of stopSignals) process.on(signal, () => this.#onSignal(signal));
    // npm, or a shell in between, may be killed without a signal to us. Then our parent changes. Without npm we do not
    // watch for this, because the shell that started us may end first.
    const parent = process.ppid;
    if (process.env['npm_lifecycle_event'] === undefined || process.platform === 'win32') return;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      this.#onSignal('SIGTERM');
    }, 200);
    timer.unref();
  }

  /**
   * Runs a program on our terminal until it ends.
   *
   * @param {string} program
   * @param {string[]} args
   * @param {RunOptions} options  orphanNotice: gives the child an IPC channel, which ends when we die
   * @returns {Promise<number>} its exit code; 128 + number for a signal
   */
  async run(program, args, { orphanNotice, ...options } = {}) {
    const stdio = /** @type {import('node:child_process').StdioOptions} */ (
      orphanNotice ? ['inherit', 'inherit', 'inherit', 'ipc'] : 'inherit'
    );
    return await this.#wait(spawn(program, args, { ...options, stdio }), program);
  }

  /**
   * Runs a program and returns its output.
   *
   * @param {string} program
   * @param {string[]} args
   * @param {RunOptions} options
   * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
   */
  async capture(program, args, options = {}) {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    const code = await this.#wait(child, program);
    if (this.interrupted !== undefined) throw new Error('Stopped.');
    return { code, stdout, stderr };
  }

  /**
   * @param {ChildProcess} child
   * @param {string} program
   * @returns {Promise<number>}
   */
  #wait(child, program) {
    if (this.interrupted !== undefined) child.kill('SIGTERM');
    this.#child = child;
    return new Promise((resolve, reject) => {
      child.on('error', (error) => reject(new Error(`${program} cannot be started: ${error.message}`)));
      child.on('close', (code, signal) => {
        this.#child = undefined;
        resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM']);
      });
    });
  }

  /** @param {typeof stopSignals[number]} signal */
  #onSignal(signal) {
    this.interrupted ??= 128 + constants.signals[signal];
    const now = performance.now();
    const again = now - this.#lastSignalAt < sameSignalMs;
    this.#lastSignalAt = now;
    if (again || (signal === 'SIGINT' && process.stdin.isTTY)) return;
    this.#child?.kill(signal);
  }
}
