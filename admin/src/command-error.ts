/** An error that the operator sees as one line, without a stack trace. */
export class CommandError extends Error {
  /** 1: refused or failed; 2: the command line was not understood. */
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
