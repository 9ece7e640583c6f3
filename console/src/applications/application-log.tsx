import { useNavigate, useSearch } from '@tanstack/react-router';
import { KeyRound, Pencil, Plus, Trash2 } from 'lucide-react';
import { ApiProblem } from '../api/api-problem.js';
import type { ClientEventItem } from '../api/schema.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { Timeline, TimelineItem } from '../components/timeline.js';
import { Time } from '../components/time.js';
import { PersonLink } from '../events/person-name.js';
import { useLanguage, useWords } from '../language/language.js';
import styles from './applications.module.css';
import { useApplicationLog } from './queries.js';
import { settingName, settingText } from './setting-text.js';
import { words } from './words.js';

const ICONS = {
  'client.created': Plus,
  'client.updated': Pencil,
  'client.deleted': Trash2,
  'client.secret_rotated': KeyRound,
} as const;

/** Who did what to an application, also once it was deleted. */
export function ApplicationLog({ id }: { readonly id: string }) {
  const say = useWords(words);
  const { cursor } = useSearch({ from: '/applications/$id' });
  const navigate = useNavigate({ from: '/applications/$id' });
  const query = useApplicationLog(id, cursor);
  const go = (next: string | null): void =>
    void navigate({ search: (before) => ({ ...before, cursor: next ?? undefined }) });
  // There never was such an application, which the page says already.
  if (query.error instanceof ApiProblem && query.error.status === 404) return null;
  return (
    <div className={styles.section}>
      <h2>{say.log}</h2>
      <QueryState query={query} isEmpty={({ items }) => items.length === 0} empty={<EmptyState title={say.noLog} />}>
        {({ items, page }) => (
          <>
            <Timeline label={say.log}>
              {items.map((event) => (
                <Entry key={event.id} event={event} />
              ))}
            </Timeline>
            {(page.prevCursor !== null || page.nextCursor !== null) && (
              <Pager
                onPrevious={page.prevCursor === null ? undefined : () => go(page.prevCursor)}
                onNext={page.nextCursor === null ? undefined : () => go(page.nextCursor)}
              />
            )}
          </>
        )}
      </QueryState>
    </div>
  );
}

function Entry({ event }: { readonly event: ClientEventItem }) {
  const say = useWords(words);
  const { actor, occurredAt, type } = event;
  const title = (
    <>
      {say.events[type]} {say.by}{' '}
      {actor.id !== undefined ? (
        <PersonLink id={actor.id} at={occurredAt} />
      ) : actor.kind === 'anonymous' ? (
        say.itself
      ) : (
        say.operator
      )}
    </>
  );
  const tone = type === 'client.deleted' ? 'bad' : 'neutral';
  return (
    <TimelineItem at={occurredAt} icon={ICONS[type]} tone={tone} title={title}>
      <Details event={event} />
    </TimelineItem>
  );
}

type Changes = Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;

function Details({ event: { type, data } }: { readonly event: ClientEventItem }) {
  const say = useWords(words);
  const language = useLanguage();
  if (type === 'client.secret_rotated') {
    const until = data['previousSecretUntil'];
    if (typeof until !== 'string') return <>{say.oldEnded}</>;
    return (
      <>
        {say.oldUntil} <Time at={until} absolute />
      </>
    );
  }
  if (type !== 'client.updated') return null;
  return (
    <dl className={styles.changes}>
      {Object.entries((data['changes'] ?? {}) as Changes).map(([setting, { from, to }]) => (
        <div key={setting}>
          <dt>{settingName(say, setting)}:</dt>
          <dd>{say.changedFrom(settingText(language, setting, from), settingText(language, setting, to))}</dd>
        </div>
      ))}
    </dl>
  );
}
