import { Link } from '@tanstack/react-router';
import { useRef } from 'react';
import type { EventResponse } from '../api/schema.js';
import { Button } from '../components/button.js';
import { CodeBlock } from '../components/code-block.js';
import { Copy } from '../components/copy.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useSentences } from '../events-in-words/use-sentences.js';
import { useWords } from '../language/language.js';
import { ActorName } from './events-table.js';
import styles from './events.module.css';
import { PersonLink } from './person-name.js';
import type { useEventAt } from './use-events.js';
import { words } from './words.js';

interface EventPanelProps {
  readonly position: string;
  readonly event: ReturnType<typeof useEventAt>;
  readonly onClose: () => void;
}

/** One event: who, whom, when, in which request, and its payload. */
export function EventPanel({ position, event: { here, query }, onClose }: EventPanelProps) {
  const say = useWords(words);
  const close = useRef<HTMLButtonElement>(null);
  const sentences = useSentences();
  const event = here ?? query.data ?? undefined;
  return (
    <Dialog
      open
      wide
      // A time would show its tooltip, and Esc close only that.
      initialFocus={close}
      onClose={onClose}
      title={event ? sentences.change(event) : say.eventAt(position)}
      actions={
        <Button ref={close} onClick={onClose}>
          {say.close}
        </Button>
      }
    >
      {here ? (
        <Details event={here} />
      ) : (
        <QueryState query={query}>
          {(found) => (found ? <Details event={found} /> : <EmptyState title={say.noEventAt(position)} />)}
        </QueryState>
      )}
    </Dialog>
  );
}

function Details({ event }: { readonly event: EventResponse }) {
  const say = useWords(words);
  const { type, version, userId, userVersion, traceId, occurredAt, position, id, data } = event;
  return (
    <>
      <dl className={styles.facts}>
        <dt>{say.when}</dt>
        <dd>
          <Time at={occurredAt} absolute />
        </dd>
        <dt>{say.person}</dt>
        <dd>
          <PersonLink id={userId} /> ·{' '}
          <Link to="/people/$id" params={{ id: userId }} search={{ at: occurredAt }}>
            {say.asOfThen}
          </Link>
        </dd>
        <dt>{say.by}</dt>
        <dd>
          <ActorName event={event} />
          {event.actor.role !== undefined && ` (${event.actor.role})`}
        </dd>
        <dt>{say.type}</dt>
        <dd>
          <code>{type}</code> v{version}
        </dd>
        <dt>{say.position}</dt>
        <dd>
          {position} · {say.versionOfPerson(userVersion)}
        </dd>
        <dt>{say.id}</dt>
        <dd>
          <code>{id}</code> <Copy text={id} label={say.copyId} />
        </dd>
        <dt>{say.trace}</dt>
        <dd>
          <Link to="/help" search={{ about: traceId }}>
            <code>{traceId}</code>
          </Link>{' '}
          <Copy text={traceId} label={say.copyTrace} />
        </dd>
      </dl>
      <CodeBlock label={say.payload} value={data} />
    </>
  );
}
