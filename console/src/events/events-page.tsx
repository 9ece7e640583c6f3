import { useNavigate, useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';
import type { EventPage, EventResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Checkbox } from '../components/checkbox.js';
import { Page } from '../components/page.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { MultiSelect } from '../components/select.js';
import { EmptyState } from '../components/states.js';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { EVENT_TYPES } from './event-types.js';
import { EventPanel } from './event-panel.js';
import { EventsTable } from './events-table.js';
import styles from './events.module.css';
import { PersonFilter } from './person-filter.js';
import type { EventsSearch } from './events-search.js';
import { useEventAt, useEvents } from './use-events.js';
import { type LiveState, useLiveEvents } from './use-live-events.js';
import { words } from './words.js';

/** Live, older events go from the page when there are more. */
const MOST_ROWS = 500;
const OPTIONS = EVENT_TYPES.map((type) => ({ value: type, label: type }));

/** The log: what happened, the newest first, and what happens. */
export function EventsPage() {
  const say = useWords(words);
  const search = useSearch({ from: '/events' });
  const { types, user, actor, live = false, cursor, event } = search;
  const navigate = useNavigate({ from: '/events' });
  const go = (change: EventsSearch): void => void navigate({ search: (before) => ({ ...before, ...change }) });
  const filter = (change: EventsSearch): void => go({ ...change, cursor: undefined });
  const query = useEvents({ types, user, actor }, live ? undefined : cursor, live);
  const toggleLive = (): void => filter({ live: live ? undefined : true });
  useKeys([{ keys: 'l', does: say.liveKey, run: toggleLive }]);
  const isFiltered = types !== undefined || user !== undefined || actor !== undefined;
  return (
    <Page title={say.title}>
      <div className={styles.filters}>
        <MultiSelect
          label={say.type}
          none={say.any}
          values={types ?? []}
          options={OPTIONS}
          onChange={(values) => filter({ types: values.length > 0 ? values : undefined })}
        />
        <PersonFilter label={say.person} value={user} onChange={(id) => filter({ user: id })} />
        <PersonFilter label={say.by} value={actor} onChange={(id) => filter({ actor: id })} />
        {isFiltered && (
          <Button kind="quiet" onClick={() => filter({ types: undefined, user: undefined, actor: undefined })}>
            {say.clearAll}
          </Button>
        )}
        <span className={styles.live}>
          <Checkbox label={say.live} checked={live} onChange={toggleLive} />
        </span>
      </div>
      <QueryState
        query={query}
        isEmpty={({ items }) => items.length === 0 && !live}
        empty={
          <EmptyState title={isFiltered ? say.noneMatches : say.none}>
            <p>{isFiltered ? say.noneMatchesWhy : say.noneWhy}</p>
          </EmptyState>
        }
      >
        {(page) =>
          live ? (
            <LiveEvents
              key={JSON.stringify([types, user, actor])}
              {...{ page, search }}
              isReady={!query.isPlaceholderData}
              onOpen={(one) => go({ event: String(one.position) })}
            />
          ) : (
            <>
              <EventsTable
                events={page.items}
                busy={query.isPlaceholderData}
                onOpen={(one) => go({ event: String(one.position) })}
              />
              <Pager
                onPrevious={page.page.prevCursor ? () => go({ cursor: page.page.prevCursor ?? undefined }) : undefined}
                onNext={page.page.nextCursor ? () => go({ cursor: page.page.nextCursor ?? undefined }) : undefined}
              />
            </>
          )
        }
      </QueryState>
      {event !== undefined && (
        <OpenEvent position={event} shown={query.data?.items ?? []} onClose={() => go({ event: undefined })} />
      )}
    </Page>
  );
}

interface OpenEventProps {
  readonly position: string;
  readonly shown: readonly EventResponse[];
  readonly onClose: () => void;
}

function OpenEvent({ position, shown, onClose }: OpenEventProps) {
  return <EventPanel position={position} event={useEventAt(position, shown)} onClose={onClose} />;
}

interface LiveEventsProps {
  readonly page: EventPage;
  readonly search: EventsSearch;
  /** Whether the page is that of these filters. */
  readonly isReady: boolean;
  readonly onOpen: (event: EventResponse) => void;
}

/** The page, and what has happened since. People who have scrolled down are not moved: new events are counted until asked for. */
function LiveEvents({ page, search, isReady, onOpen }: LiveEventsProps) {
  const say = useWords(words);
  const [shown, setShown] = useState<readonly EventResponse[]>([]);
  const [waiting, setWaiting] = useState<readonly EventResponse[]>([]);
  const frame = useRef<HTMLDivElement>(null);
  const isAway = useRef(false);

  const show = (events: readonly EventResponse[]): void => setShown((before) => newest(events, before));
  const state = useLiveEvents({
    after: isReady ? page.page.nextAfter : undefined,
    filter: search,
    onEvents: (events) => (isAway.current ? setWaiting((before) => newest(events, before)) : show(events)),
  });
  const release = (): void => {
    isAway.current = false;
    if (waiting.length === 0) return;
    show(waiting);
    setWaiting([]);
  };
  const look = (): void => {
    const table = frame.current?.querySelector('[role="region"]');
    isAway.current = (table?.scrollTop ?? 0) > 8 || window.scrollY > 120;
    if (!isAway.current) release();
  };
  useEffect(() => {
    window.addEventListener('scroll', look, { passive: true });
    return () => window.removeEventListener('scroll', look);
  });
  const toTop = (): void => {
    frame.current?.querySelector('[role="region"]')?.scrollTo({ top: 0 });
    window.scrollTo({ top: 0 });
    release();
  };
  const events = newest(shown, page.items);
  return (
    <div ref={frame} onScrollCapture={look} className={styles.liveFrame}>
      <LiveStatus state={state} />
      <div role="status" className={styles.pill}>
        {waiting.length > 0 && (
          <Button kind="primary" onClick={toTop}>
            {say.newEvents(waiting.length)}
          </Button>
        )}
      </div>
      {events.length === 0 ? (
        <EmptyState title={say.waiting}>
          <p>{say.waitingWhy}</p>
        </EmptyState>
      ) : (
        <EventsTable events={events} busy={!isReady} onOpen={onOpen} />
      )}
    </div>
  );
}

function LiveStatus({ state }: { readonly state: LiveState }) {
  const say = useWords(words);
  return (
    <p className={styles.state} role="status" data-state={state}>
      <span className={styles.dot} aria-hidden="true" />
      {say.states[state]}
    </p>
  );
}

/** Both, each event once, the newest first. */
function newest(some: readonly EventResponse[], others: readonly EventResponse[]): readonly EventResponse[] {
  const byPosition = new Map([...others, ...some].map((event) => [event.position, event]));
  return [...byPosition.values()].sort((a, b) => b.position - a.position).slice(0, MOST_ROWS);
}
