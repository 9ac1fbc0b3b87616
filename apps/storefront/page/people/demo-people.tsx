import { Button } from 'react-aria-components/Button';
import { useTranslation } from 'react-i18next';
import type { DemoPerson } from '../../src/demo/api.ts';
import { shopMessages } from '../i18n/en/shop.ts';
import { Avatar } from './avatar.tsx';
import { useDemoPeople } from './people.ts';
import type { Credentials } from './register.ts';

export type DemoPeopleListProps = {
  readonly isPending: boolean;
  readonly onChoose: (person: Credentials) => void;
};

/** The demo accounts, each a button that signs in. */
export function DemoPeopleList({ isPending, onChoose }: DemoPeopleListProps) {
  const { t } = useTranslation();
  const { data: people = [] } = useDemoPeople();
  if (people.length === 0) return null;
  return (
    <>
      <p className="soft">{t('people.demoIntro')}</p>
      <ul className="people" aria-label={t('people.signInAs')}>
        {people.map((person) => (
          <li key={person.username}>
            <Person person={person} isPending={isPending} onChoose={onChoose} />
          </li>
        ))}
      </ul>
      <p className="divider">{t('people.orByName')}</p>
    </>
  );
}

function Person({ person, isPending, onChoose }: DemoPeopleListProps & { person: DemoPerson }) {
  const { t } = useTranslation();
  const { username: name, password } = person;
  const role = person.roles.map((own) => (isRole(own) ? t(`people.roles.${own}`) : own)).join(', ');
  return (
    <Button className="person" isDisabled={isPending} onPress={() => onChoose({ username: name, password })}>
      <Avatar name={name} />
      <span className="person-text">
        <strong>{name}</strong>
        <span className="soft">{role}</span>
      </span>
    </Button>
  );
}

function isRole(role: string): role is keyof typeof shopMessages.people.roles {
  return Object.hasOwn(shopMessages.people.roles, role);
}
