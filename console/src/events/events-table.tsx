import type { EventResponse } from '../api/schema.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { useSentences } from '../events-in-words/use-sentences.js';
import { useWords } from '../language/language.js';
import { PersonLink } from './person-name.js';
import styles from './events.module.css';
import { words } from './words.js';

interface EventsTableProps {
  readonly events: readonly EventResponse[];
  readonly busy: boolean;
  readonly onOpen: (event: EventResponse) => void;
}

export function EventsTable({ events, busy, onOpen }: EventsTableProps) {
  const say = useWords(words);
  const sentences = useSentences();
  const open = (index: number): void => {
    const event = events[index];
    if (event) onOpen(event);
  };
  const { rowProps } = useRowKeys({ count: events.length, onOpen: open, says: say.keys });
  return (
    <Table label={say.title} busy={busy}>
      <thead>
        <tr>
          <HeadCell narrow>{say.when}</HeadCell>
          <HeadCell>{say.person}</HeadCell>
          <HeadCell>{say.what}</HeadCell>
          <HeadCell>{say.by}</HeadCell>
          <HeadCell>{say.type}</HeadCell>
          <HeadCell narrow align="end">
            {say.position}
          </HeadCell>
        </tr>
      </thead>
      <tbody>
        {events.map((event, index) => (
          <Row
            key={event.position}
            {...rowProps(index)}
            className={styles.row}
            onClick={({ target }) => {
              // Links and times of a row are what they are.
              if (target instanceof Element && !target.closest('a, button')) onOpen(event);
            }}
          >
            <td>
              <Time at={event.occurredAt} />
            </td>
            <td>
              <PersonLink id={event.userId} at={event.occurredAt} />
            </td>
            <td className={styles.sentence}>
              <button type="button" className={styles.open} tabIndex={-1} onClick={() => onOpen(event)}>
                {sentences.change(event)}
              </button>
            </td>
            <td>
              <ActorName event={event} />
            </td>
            <td className={styles.soft}>
              <code>{event.type}</code>
            </td>
            <td className={styles.number}>{event.position}</td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

/** Who caused the event: the person themselves, somebody else, Roster, or somebody who was not signed in. */
export function ActorName({ event: { actor, userId } }: { readonly event: EventResponse }) {
  const say = useWords(words);
  if (actor.kind !== 'user' || actor.id === undefined)
    return <span className={styles.soft}>{say.actors[actor.kind]}</span>;
  if (actor.id === userId) return <span className={styles.soft}>{say.themselves}</span>;
  return <PersonLink id={actor.id} />;
}
