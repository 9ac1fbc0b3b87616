type Output = { readonly isTTY?: boolean; write(text: string): unknown };

/** Says on standard error what is being measured and how long it will still take. */
export class Progress {
  readonly #output: Output;
  #title = '';
  #startedAt = 0;
  #seconds = 0;
  #secondsAfter = 0;

  constructor(output: Output = process.stderr) {
    this.#output = output;
  }

  /** A benchmark begins: it will take about `seconds`, and those after it `secondsAfter`. */
  begin(title: string, estimate: { seconds: number; secondsAfter: number }): void {
    this.#title = title;
    this.#startedAt = performance.now();
    this.#seconds = estimate.seconds;
    this.#secondsAfter = estimate.secondsAfter;
  }

  /** A step of it begins. A terminal shows one line that changes, a file a line for each step. */
  step(text: string): void {
    const elapsed = (performance.now() - this.#startedAt) / 1000;
    const left = Math.round(Math.max(1, this.#seconds - elapsed) + this.#secondsAfter);
    const line = `${this.#title}: ${text} (about ${left} s left)`;
    this.#output.write(this.#output.isTTY ? `\r\u001b[K${line}` : `${line}\n`);
  }

  /** Clears the line, so that what is printed next stands alone. */
  end(): void {
    if (this.#output.isTTY) this.#output.write('\r\u001b[K');
  }
}
