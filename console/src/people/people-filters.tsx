import { useEffect, useRef, useState } from 'react';
import { Button } from '../components/button.js';
import { SearchField } from '../components/search-field.js';
import { MultiSelect, Select } from '../components/select.js';
import { words as componentWords } from '../components/words.js';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import {
  type Column,
  COLUMNS,
  CREATED,
  isFiltered,
  LONGEST_SEARCH,
  NO_FILTERS,
  type PeopleSearch,
  ROLES,
  SIGNED_IN,
  STATUSES,
  YES_NO,
} from './people-search.js';
import styles from './people.module.css';
import { words } from './words.js';

// With the list in a tenth of a second, a search is answered within three tenths of the last key.
const PAUSE_MS = 40;
const ANY = 'any';

interface PeopleFiltersProps {
  readonly search: PeopleSearch;
  readonly columns: readonly Column[];
  /** @param replace as a correction of the address rather than a step that Back undoes */
  readonly onChange: (change: PeopleSearch, replace?: boolean) => void;
  readonly onColumns: (columns: Column[]) => void;
  /** From the search on to the rows. */
  readonly onLeave: () => void;
}

/** Search, filters and columns: all of it stands in the address. */
export function PeopleFilters({ search, columns, onChange, onColumns, onLeave }: PeopleFiltersProps) {
  const say = useWords(words);
  const { status: statusNames } = useWords(componentWords);
  const viewer = useViewer();
  const filter = (change: PeopleSearch): void => onChange({ ...change, cursor: undefined });
  const list = <T extends string>(values: T[]): T[] | undefined => (values.length > 0 ? values : undefined);
  // The API shows deleted people to admins alone.
  const statuses = STATUSES.filter((status) => status !== 'DELETED' || viewer.role === 'ADMIN');
  return (
    <div className={styles.filters}>
      <SearchAsYouType value={search.search} onLeave={onLeave} onSearch={(term) => onChange(term, true)} />
      <MultiSelect
        label={say.filters.status}
        none={say.any}
        values={search.status ?? []}
        options={statuses.map((value) => ({ value, label: statusNames[value] }))}
        onChange={(values) => filter({ status: list(values) })}
      />
      <MultiSelect
        label={say.filters.role}
        none={say.any}
        values={search.role ?? []}
        options={ROLES.map((value) => ({ value, label: say.roles[value] }))}
        onChange={(values) => filter({ role: list(values) })}
      />
      <One
        label={say.filters.signedIn}
        value={search.signedIn}
        options={SIGNED_IN.map((value) => ({ value, label: say.signedIn[value] }))}
        onChange={(signedIn) => filter({ signedIn })}
      />
      <One
        label={say.filters.created}
        value={search.created}
        options={CREATED.map((value) => ({ value, label: say.created[value] }))}
        onChange={(created) => filter({ created })}
      />
      <One
        label={say.filters.verified}
        value={search.verified}
        options={YES_NO.map((value) => ({ value, label: say.verified[value] }))}
        onChange={(verified) => filter({ verified })}
      />
      <One
        label={say.filters.factor}
        value={search.factor}
        options={YES_NO.map((value) => ({ value, label: say.yesNo[value] }))}
        onChange={(factor) => filter({ factor })}
      />
      <One
        label={say.filters.professional}
        value={search.professional}
        options={YES_NO.map((value) => ({ value, label: say.yesNo[value] }))}
        onChange={(professional) => filter({ professional })}
      />
      {isFiltered(search) && (
        <Button kind="quiet" onClick={() => onChange(NO_FILTERS)}>
          {say.clear}
        </Button>
      )}
      <span className={styles.columns}>
        <MultiSelect
          label={say.columns}
          labelAlone
          none={say.column.name}
          values={columns}
          options={COLUMNS.map((value) => ({ value, label: say.column[value] }))}
          onChange={onColumns}
        />
      </span>
    </div>
  );
}

interface OneProps<T extends string> {
  readonly label: string;
  readonly value: T | undefined;
  readonly options: readonly { readonly value: T; readonly label: string }[];
  readonly onChange: (value: T | undefined) => void;
}

/** One value, or any. */
function One<T extends string>({ label, value, options, onChange }: OneProps<T>) {
  const say = useWords(words);
  return (
    <Select<T | typeof ANY>
      inline
      unset={ANY}
      label={label}
      value={value ?? ANY}
      options={[{ value: ANY, label: say.any }, ...options]}
      onChange={(next) => onChange(next === ANY ? undefined : next)}
    />
  );
}

interface SearchAsYouTypeProps {
  readonly value: string | undefined;
  readonly onSearch: (change: PeopleSearch) => void;
  readonly onLeave: () => void;
}

/** Asks a moment after the last key, and shows what the address says when that changes by itself, as by Back. */
function SearchAsYouType({ value = '', onSearch, onLeave }: SearchAsYouTypeProps) {
  const say = useWords(words);
  const [typed, setTyped] = useState(value);
  const [known, setKnown] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  if (value !== known) {
    setKnown(value);
    if (value !== typed.trim()) setTyped(value);
  }
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (term: string): void => {
    setTyped(term);
    clearTimeout(timer.current);
    const wanted = term.trim();
    const ask = (): void => onSearch({ search: wanted === '' ? undefined : wanted, cursor: undefined });
    timer.current = setTimeout(ask, wanted === '' ? 0 : PAUSE_MS);
  };
  return (
    <div className={styles.search}>
      <SearchField
        label={say.search}
        placeholder={say.searchHint}
        value={typed}
        onChange={type}
        maxLength={LONGEST_SEARCH}
        onLeave={onLeave}
      />
    </div>
  );
}
