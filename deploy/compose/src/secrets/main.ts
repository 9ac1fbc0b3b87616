import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { handoutsOf } from './handouts.ts';
import { completeSecrets } from './secrets.ts';
import { readIfThere, writeWhole } from './write-file.ts';

// Makes the system's secrets at the first start, and writes those of each container into a volume that it alone mounts.
// A later start finds them and changes nothing. See docs/decisions/0019-secrets-in-containers.md.
const directory = process.argv[2] ?? '/secrets';
const stateFile = join(directory, 'all', 'secrets.json');

const secrets = completeSecrets(readIfThere(stateFile));
// Written first, because all other files derive from it. A run that was killed goes on with the same secrets.
const isNew = writeWhole(stateFile, `${JSON.stringify(secrets, null, 2)}\n`, 0o400);

let written = 0;
const { AUTH_PORT: auth = '4000', EXAMPLE_ID_PORT: exampleId = '3002' } = process.env;
for (const [container, files] of Object.entries(handoutsOf(secrets, { auth, exampleId }))) {
  const volume = join(directory, container);
  // A container that does not exist has no mounted volume.
  if (!existsSync(volume)) continue;
  // Our own images have one user. The images of Postgres and Redis use their own, whose numbers we do not know.
  const mode = container === 'postgres' || container === 'redis' ? 0o444 : 0o400;
  for (const [name, contents] of Object.entries(files)) {
    if (writeWhole(join(volume, name), contents, mode)) written += 1;
  }
}
console.log(`${isNew ? 'Secrets written' : 'Secrets found'}; ${written} files handed out.`);
