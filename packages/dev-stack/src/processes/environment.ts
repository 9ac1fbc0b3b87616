// Settings of the machine. All others in the shell are meant for other programs, or for another deployment of Latchkey.
const passedOn = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'LD_LIBRARY_PATH', 'SystemRoot'];

/** The base environment of every program of the stack, without settings that could change its behaviour. */
export function machineEnvironment(names: readonly string[] = []): NodeJS.ProcessEnv {
  const inherited = [...passedOn, ...names].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return Object.fromEntries(inherited);
}

/** The same for a third-party server, with English messages (we parse its log) and UTC. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { ...machineEnvironment(), LC_ALL: 'C', TZ: 'UTC' };
}

/** The same for the programs of our Postgres. Their own libraries come before those that LD_LIBRARY_PATH names. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  const { LD_LIBRARY_PATH: others, ...env } = serverEnvironment();
  // The shell may name another Postgres' libraries there, as its manual says, and they would win over the RUNPATH. The
  // loader puts the program's folder for $ORIGIN. The others stay: Node.js too may have its libstdc++ from there.
  return others ? { ...env, LD_LIBRARY_PATH: `$ORIGIN/../lib:${others}` } : env;
}
