type Output = { readonly isTTY?: boolean; write(text: string): unknown };

/** Reports on standard error what is going on, how it goes, and how much time is left. */
export function createProgress(totalSeconds: number, output: Output = process.stderr) {
  const beganAt = performance.now();
  let done = 0;
  let title = '';
  let sectionBeganAt = beganAt;
  let sectionSeconds = 0;
  let lastLine = 0;

  function left(): string {
    const spent = Math.min((performance.now() - sectionBeganAt) / 1000, sectionSeconds);
    const seconds = Math.max(1, Math.round(totalSeconds - done - spent));
    return seconds > 90 ? `${Math.round(seconds / 60)} min left` : `${seconds} s left`;
  }

  function write(text: string): void {
    const line = `${title}: ${text} (about ${left()})`;
    // A file gets at most one line in 5 s.
    if (output.isTTY) output.write(`\r\u001b[K${line}`);
    else if (performance.now() - lastLine > 5000) {
      lastLine = performance.now();
      output.write(`${line}\n`);
    }
  }

  return {
    begin(section: string, seconds: number): void {
      done += sectionSeconds;
      title = section;
      sectionSeconds = seconds;
      sectionBeganAt = performance.now();
      lastLine = 0;
      write('…');
    },
    tell: write,
    end(): void {
      if (output.isTTY) output.write('\r\u001b[K');
    },
  };
}
