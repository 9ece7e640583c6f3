import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { answer, api } from '../api/client.js';
import type { MailState } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { SearchField } from '../components/search-field.js';
import { Select } from '../components/select.js';
import { EmptyState } from '../components/states.js';
import { mailWords } from '../events-in-words/mail-words.js';
import { MailsTable } from '../help/mails-table.js';
import { useWords } from '../language/language.js';
import styles from './health.module.css';
import { type HealthSearch, MAIL_STATES } from './address.js';
import { words } from './words.js';

const PAGE_SIZE = 50;
/** While mails wait, their state changes by itself. */
const EVERY_MS = 10_000;
const PAUSE_MS = 300;
const ANY = 'any';

interface AllMailsProps {
  readonly search: HealthSearch;
  readonly onGo: (change: HealthSearch) => void;
}

/** The mails of all users by state, with the reason of each. */
export function AllMails({ search: { state, template, to, cursor }, onGo }: AllMailsProps) {
  const say = useWords(words);
  const names = useWords(mailWords);
  const filter = (change: HealthSearch): void => onGo({ ...change, cursor: undefined });
  const parameters = {
    limit: PAGE_SIZE,
    ...(state && { state }),
    ...(template !== undefined && { template }),
    ...(to !== undefined && { to }),
    ...(cursor !== undefined && { cursor }),
  };
  const query = useQuery({
    queryKey: ['mails', parameters],
    queryFn: async ({ signal }) => answer(api.GET('/mails', { params: { query: parameters }, signal })),
    placeholderData: keepPreviousData,
    refetchInterval: EVERY_MS,
  });
  const isFiltered = state !== undefined || template !== undefined || to !== undefined;
  const templates = Object.entries(names.templates).map(([value, label]) => ({ value, label }));
  return (
    <>
      <div className={styles.filters}>
        <Select<MailState | typeof ANY>
          inline
          unset={ANY}
          label={say.state}
          value={state ?? ANY}
          options={[
            { value: ANY, label: say.anyState },
            ...MAIL_STATES.map((value) => ({ value, label: names.states[value] })),
          ]}
          onChange={(value) => filter({ state: value === ANY ? undefined : value })}
        />
        <Select<string>
          inline
          unset={ANY}
          label={say.template}
          value={template ?? ANY}
          options={[{ value: ANY, label: say.anyState }, ...templates]}
          onChange={(value) => filter({ template: value === ANY ? undefined : value })}
        />
        <Recipient value={to ?? ''} onChange={(value) => filter({ to: value || undefined })} />
        {isFiltered && (
          <Button kind="quiet" onClick={() => filter({ state: undefined, template: undefined, to: undefined })}>
            {say.clearAll}
          </Button>
        )}
      </div>
      <QueryState
        query={query}
        isEmpty={({ items }) => items.length === 0}
        empty={
          <EmptyState title={say.noMails}>
            <p>{say.noMailsWhy}</p>
          </EmptyState>
        }
      >
        {({ items, page }) => (
          <>
            <MailsTable mails={items} label={say.allMails} busy={query.isPlaceholderData} />
            <Pager
              onPrevious={page.prevCursor ? () => onGo({ cursor: page.prevCursor ?? undefined }) : undefined}
              onNext={page.nextCursor ? () => onGo({ cursor: page.nextCursor ?? undefined }) : undefined}
            />
          </>
        )}
      </QueryState>
    </>
  );
}

function Recipient({ value, onChange }: { readonly value: string; readonly onChange: (value: string) => void }) {
  const say = useWords(words);
  const [entered, setEntered] = useState(value);
  useEffect(() => {
    if (entered.trim() === value) return;
    const timer = setTimeout(() => onChange(entered.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  });
  return (
    <div className={styles.search}>
      <SearchField label={say.to} placeholder={say.toHint} value={entered} onChange={setEntered} maxLength={320} />
    </div>
  );
}
