// Settings of the machine. All others in the shell are meant for other programs, or for a deployment of ours elsewhere.
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LD_LIBRARY_PATH', 'SystemRoot'];

/** What every program of the stack is told: nothing by which the shell could change what it does. */
export function machineEnvironment(names: readonly string[] = []): NodeJS.ProcessEnv {
  const inherited = [...passedOn, ...names].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return Object.fromEntries(inherited);
}

/** The same for a server that is not ours: it speaks English to those who read its log, and counts in UTC. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { ...machineEnvironment(), LC_ALL: 'C', TZ: 'UTC' };
}
