/** Somebody with an account at Example ID. */
export type Person = {
  /** The claim sub: opaque, and the same after each start. */
  readonly subject: string;
  readonly username: string;
  readonly password: string;
  /** The claim name. */
  readonly name: string;
};

/** Who has an account unless others are given. The passwords are public, and not those of the shop's demo accounts. */
export const seededPeople: readonly [Person, Person] = [
  {
    subject: '7f0c2d5e-93a4-4b61-8a1f-5d0e6c3b9274',
    username: 'mina',
    password: 'amber-kettle-sparrow-26',
    name: 'Mina',
  },
  {
    subject: 'c41b8e90-2f67-4d3a-b5c8-1e9a70d4f356',
    username: 'viewer',
    password: 'violet-bridge-thimble-71',
    name: 'Viewer',
  },
];
