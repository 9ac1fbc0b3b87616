export { type ExampleId, type ExampleIdOptions, startExampleId } from './example-id.ts';
export { type Person as ExampleIdPerson, seededPeople } from './people.ts';
export type { Client as ExampleIdClient } from './provider.ts';
export {
  type Answer,
  type Cookies,
  cancelAtExampleId,
  signInAtExampleId,
  signOutAtExampleId,
  type Visit,
} from './visit.ts';
