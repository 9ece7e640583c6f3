import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { type SyntheticEvent, useState } from 'react';
import { answer, api } from '../api/client.js';
import { IconButton } from '../components/button.js';
import { Refusal } from '../components/refusal.js';
import { TextField } from '../components/text-field.js';
import { useWords } from '../language/language.js';
import styles from './events.module.css';
import { nameOf, PersonLink } from './person-name.js';
import { words } from './words.js';

interface PersonFilterProps {
  readonly label: string;
  readonly value: string | undefined;
  readonly onChange: (id: string | undefined) => void;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** One person, found by id, address, username or part of a name. */
export function PersonFilter({ label, value, onChange }: PersonFilterProps) {
  const say = useWords(words);
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState<string>();
  const found = useQuery({
    queryKey: ['person-filter', search],
    queryFn: async ({ signal }) =>
      (await answer(api.GET('/users', { params: { query: { search: search ?? '', limit: 6 } }, signal }))).items,
    enabled: search !== undefined,
  });
  const choose = (id: string): void => {
    setTyped('');
    setSearch(undefined);
    onChange(id);
  };
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    const text = typed.trim();
    if (UUID.test(text)) choose(text.toLowerCase());
    else setSearch(text === '' ? undefined : text);
  };
  if (value !== undefined) {
    return (
      <span className={styles.chip}>
        <span className={styles.chipName}>{label}</span>
        <PersonLink id={value} />
        <IconButton label={say.clearFilter(label)} onClick={() => onChange(undefined)}>
          <X aria-hidden="true" />
        </IconButton>
      </span>
    );
  }
  return (
    <form className={styles.person} onSubmit={submit}>
      <TextField
        label={label}
        labelHidden
        placeholder={say.personHint(label)}
        value={typed}
        onChange={(text) => {
          setTyped(text);
          setSearch(undefined);
        }}
        maxLength={254}
        autoComplete="off"
        spellCheck={false}
      />
      <div role="status" className={found.data === undefined || search === undefined ? undefined : styles.matches}>
        {search !== undefined && found.data?.length === 0 && <p>{say.nobody}</p>}
        {search !== undefined &&
          found.data?.map((user) => (
            <button key={user.id} type="button" className={styles.match} onClick={() => choose(user.id)}>
              {nameOf(user) ?? user.id}
              {user.email !== null && <span className={styles.soft}>{user.email}</span>}
            </button>
          ))}
      </div>
      {found.error && <Refusal error={found.error} />}
    </form>
  );
}
