import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { answer, api } from '../api/client.js';
import { Page } from '../components/page.js';
import { QueryState } from '../components/query-state.js';
import { SearchField } from '../components/search-field.js';
import { EmptyState } from '../components/states.js';
import { useLanguage, useWords } from '../language/language.js';
import { HelpAnswerView } from './help-answer.js';
import styles from './help.module.css';
import { words } from './words.js';

/** Long enough to type on; what is pasted does not wait. */
const PAUSE_MS = 400;
const LONGEST = 400;
/** For the times in sentences. */
const TIME_ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** One field: whatever somebody has at hand leads to what happened, in words. */
export function HelpPage() {
  const say = useWords(words);
  const language = useLanguage();
  const { about } = useSearch({ from: '/help' });
  const navigate = useNavigate({ from: '/help' });
  const [entered, setEntered] = useState(about ?? '');
  const [seen, setSeen] = useState(about);
  const [asked, setAsked] = useState(about);
  if (about !== seen) {
    setSeen(about);
    // Back and forward in the browser, and links to this page; not what was just asked from the field.
    if (about !== asked) {
      setAsked(about);
      setEntered(about ?? '');
    }
  }
  const ask = (text: string): void => {
    const next = text.trim() === '' ? undefined : text.trim();
    if (next === asked) return;
    setAsked(next);
    void navigate({ search: { about: next }, replace: about !== undefined });
  };
  useEffect(() => {
    const timer = setTimeout(() => ask(entered), PAUSE_MS);
    return () => clearTimeout(timer);
  });
  const query = useQuery({
    // Its sentences are in the language of the reader.
    queryKey: ['help', about, language],
    queryFn: async ({ signal }) =>
      answer(api.GET('/help', { params: { query: { about: about ?? '', timeZone: TIME_ZONE } }, signal })),
    enabled: about !== undefined,
  });
  return (
    <Page title={say.title}>
      <div className={styles.field} onPaste={() => setTimeout(() => ask(readField()))}>
        <SearchField
          label={say.field}
          placeholder={say.placeholder}
          value={entered}
          onChange={(value) => setEntered(value.replace(/[\r\n\t]+/g, ' '))}
          onLeave={() => ask(entered)}
          maxLength={LONGEST}
          autoFocus
        />
      </div>
      <div aria-live="polite">
        {about === undefined ? (
          <Pasteable />
        ) : (
          <QueryState query={query}>{(found) => <HelpAnswerView about={about} found={found} />}</QueryState>
        )}
      </div>
    </Page>
  );
}

/** What is in the field by now: a paste is not in the state yet. */
function readField(): string {
  return document.querySelector<HTMLInputElement>('main input[type="search"]')?.value ?? '';
}

function Pasteable() {
  const say = useWords(words);
  return (
    <EmptyState title={say.emptyTitle}>
      <p>{say.emptyWhy}</p>
      <ul className={styles.pasteable}>
        {say.pasteable.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </EmptyState>
  );
}
