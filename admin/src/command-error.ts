/** Something that the operator is told in one line. */
export class CommandError extends Error {
  /** 1: it could not be done; 2: it was not understood. */
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, cause }: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
  }
}
