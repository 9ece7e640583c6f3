import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { useActDialog } from '../act/use-act-dialog.js';
import { answer, api } from '../api/client.js';
import type { ResentItem, SinkItem } from '../api/schema.js';
import { Button } from '../components/button.js';
import { ConfirmDialog } from '../components/confirm-dialog.js';
import { Dialog } from '../components/dialog.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { PersonLink } from '../events/person-name.js';
import { formatNumber, localeOf } from '../language/formats.js';
import { useLanguage, useWords } from '../language/language.js';
import { SINKS_KEY, useDeadLetters, useSinks } from './queries.js';
import { SinkBadge } from './webhook-state.js';
import styles from './webhooks.module.css';
import type { WebhooksSearch } from './webhooks-search.js';
import { words } from './words.js';

/** Kafka, RabbitMQ, and the queue of all webhooks: how far each has come, and what it refused. */
export function Sinks() {
  const say = useWords(words);
  const query = useSinks();
  const { sink, cursor } = useSearch({ from: '/webhooks' });
  const navigate = useNavigate({ from: '/webhooks' });
  const go = (search: WebhooksSearch): void => void navigate({ search });
  const open = query.data?.find((one) => one.sink === sink);
  return (
    <div className={styles.section}>
      <h2>{say.sinks}</h2>
      <p className={styles.soft}>{say.sinksWhy}</p>
      <QueryState query={query} isEmpty={(sinks) => sinks.length === 0}>
        {(sinks) => <SinksTable sinks={sinks} onOpen={(name) => go({ sink: name })} />}
      </QueryState>
      {open && (
        <DeadLetters
          sink={open}
          cursor={cursor}
          onPage={(next) => go({ sink: open.sink, cursor: next })}
          onClose={() => go({})}
        />
      )}
    </div>
  );
}

function SinksTable({
  sinks,
  onOpen,
}: {
  readonly sinks: readonly SinkItem[];
  readonly onOpen: (sink: string) => void;
}) {
  const say = useWords(words);
  const locale = localeOf(useLanguage());
  const number = (value: number): string => formatNumber(value, locale);
  return (
    <Table label={say.sinks}>
      <thead>
        <tr>
          <HeadCell>{say.sink}</HeadCell>
          <HeadCell>{say.state}</HeadCell>
          <HeadCell align="end">{say.lag}</HeadCell>
          <HeadCell align="end">{say.oldest}</HeadCell>
          <HeadCell align="end">{say.rate}</HeadCell>
          <HeadCell align="end">{say.sent}</HeadCell>
          <HeadCell align="end">{say.deadLetters}</HeadCell>
          <HeadCell>{say.leader}</HeadCell>
        </tr>
      </thead>
      <tbody>
        {sinks.map((sink) => (
          <Row key={sink.sink}>
            <td>{sink.sink}</td>
            <td>
              <SinkBadge state={sink.state} />
              {sink.failure !== null && (
                <span className={styles.beside} title={sink.failure}>
                  {sink.failure}
                </span>
              )}
            </td>
            <td className={styles.number}>{number(sink.lagEvents)}</td>
            <td className={styles.number}>{say.seconds(number(Math.round(sink.lagSeconds)))}</td>
            <td className={styles.number}>{say.perSecond(number(sink.eventsPerSecond))}</td>
            <td className={styles.number}>{number(sink.published)}</td>
            <td className={styles.number}>
              {sink.deadLetters === 0 ? (
                '0'
              ) : (
                <Button kind="quiet" onClick={() => onOpen(sink.sink)}>
                  {say.showDeadLetters(number(sink.deadLetters))}
                </Button>
              )}
            </td>
            <td className={styles.soft}>{sink.leader}</td>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}

interface DeadLettersProps {
  readonly sink: SinkItem;
  readonly cursor: string | undefined;
  readonly onPage: (cursor: string | undefined) => void;
  readonly onClose: () => void;
}

function DeadLetters({ sink: { sink, position }, cursor, onPage, onClose }: DeadLettersProps) {
  const say = useWords(words);
  const query = useDeadLetters(sink, cursor);
  /** About where to begin: `first`, or the position of a letter. */
  const resending = useActDialog<ResentItem, undefined, 'first' | number>((begin) => ({
    run: () =>
      answer(
        api.POST('/relay/{sink}/dead-letters/resend', {
          params: { path: { sink } },
          body: begin === 'first' ? {} : { position: begin },
        }),
      ),
    done: ({ events, from }) => ({ text: say.sendingAgain(events, from) }),
    refresh: [SINKS_KEY],
  }));
  const begin = resending.about;
  return (
    <>
      <Dialog
        open
        wide
        onClose={onClose}
        title={say.deadLettersOf(sink)}
        actions={
          <>
            <Button onClick={onClose}>{say.close}</Button>
            <Button kind="primary" onClick={() => resending.open('first')} disabled={query.data?.items.length === 0}>
              {say.sendAllAgain}
            </Button>
          </>
        }
      >
        <p>{say.deadLettersWhy}</p>
        <QueryState
          query={query}
          isEmpty={({ items }) => items.length === 0}
          empty={<EmptyState title={say.noDeadLetters} />}
        >
          {({ items, page }) => (
            <>
              <Table label={say.deadLetters} busy={query.isPlaceholderData}>
                <thead>
                  <tr>
                    <HeadCell>{say.position}</HeadCell>
                    <HeadCell>{say.type}</HeadCell>
                    <HeadCell>{say.person}</HeadCell>
                    <HeadCell>{say.why}</HeadCell>
                    <HeadCell>{say.when}</HeadCell>
                    <HeadCell>{say.again}</HeadCell>
                  </tr>
                </thead>
                <tbody>
                  {items.map((letter) => (
                    <Row key={letter.position}>
                      <td>
                        <Link to="/events" search={{ event: String(letter.position) }}>
                          {letter.position}
                        </Link>
                      </td>
                      <td>
                        <code>{letter.type}</code>
                      </td>
                      <td>
                        <PersonLink id={letter.userId} />
                      </td>
                      <td title={letter.reason}>{letter.reason}</td>
                      <td>
                        <Time at={letter.refusedAt} />
                      </td>
                      <td>
                        <Button kind="quiet" onClick={() => resending.open(letter.position)}>
                          {say.fromHere}
                        </Button>
                      </td>
                    </Row>
                  ))}
                </tbody>
              </Table>
              <Pager
                onPrevious={page.prevCursor === null ? undefined : () => onPage(page.prevCursor ?? undefined)}
                onNext={page.nextCursor === null ? undefined : () => onPage(page.nextCursor ?? undefined)}
              />
            </>
          )}
        </QueryState>
      </Dialog>
      <ConfirmDialog
        {...resending.dialog}
        title={typeof begin === 'number' ? say.sendFrom(begin) : say.sendAllAgain}
        confirm={say.sendAgain}
        onConfirm={() => resending.submit(undefined)}
      >
        <p>{typeof begin === 'number' ? say.rewinds(position - begin + 1) : say.rewindsToFirst}</p>
      </ConfirmDialog>
    </>
  );
}
