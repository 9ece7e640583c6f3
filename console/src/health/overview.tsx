import { CircleAlert, CircleCheck } from 'lucide-react';
import type { HealthDetails } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { formatNumber, localeOf } from '../language/formats.js';
import { useLanguage, useWords } from '../language/language.js';
import styles from './health.module.css';
import { words } from './words.js';

/** Checks with what to do, queues, versions, and the last verification of the log. */
export function Overview({ details }: { readonly details: HealthDetails }) {
  return (
    <div className={styles.overview}>
      <Checks checks={details.checks} />
      <Queues queues={details.queues} />
      <div className={styles.columns}>
        <Verification verification={details.verification} />
        <Versions versions={details.versions} />
      </div>
    </div>
  );
}

function Checks({ checks }: Pick<HealthDetails, 'checks'>) {
  const say = useWords(words);
  return (
    <section aria-labelledby="health-checks">
      <h2 id="health-checks" className={styles.title}>
        {say.checks}
      </h2>
      <ul className={styles.checks}>
        {checks.map(({ name, state, since, text, advice, reason }) => (
          <li key={name} className={styles.check} data-state={state} data-check={name}>
            {state === 'up' ? <CircleCheck aria-hidden="true" /> : <CircleAlert aria-hidden="true" />}
            <div className={styles.words}>
              <p className={styles.what}>
                <code>{name}</code>
                <Badge tone={state === 'up' ? 'good' : 'bad'}>{state === 'up' ? say.up : say.down}</Badge>
                <span className={styles.soft}>
                  {say.since} <Time at={since} />
                </span>
              </p>
              <p>{text}</p>
              {advice !== null && <p className={styles.advice}>{advice}</p>}
              {reason !== null && <p className={styles.reason}>{reason}</p>}
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Queues({ queues }: Pick<HealthDetails, 'queues'>) {
  const say = useWords(words);
  const locale = localeOf(useLanguage());
  return (
    <div>
      <h2 className={styles.title}>{say.queues}</h2>
      <Table label={say.queues}>
        <thead>
          <tr>
            <HeadCell>{say.queue}</HeadCell>
            <HeadCell narrow align="end">
              {say.waiting}
            </HeadCell>
            <HeadCell narrow align="end">
              {say.failed}
            </HeadCell>
            <HeadCell narrow>{say.dueSince}</HeadCell>
          </tr>
        </thead>
        <tbody>
          {queues.map(({ name, text, waiting, failed, dueSince }) => (
            <Row key={name} data-queue={name}>
              <td className={styles.queue}>{text}</td>
              <td className={styles.number}>{formatNumber(waiting, locale)}</td>
              <td className={styles.number} data-bad={failed > 0 ? '' : undefined}>
                {formatNumber(failed, locale)}
              </td>
              <td>{dueSince !== null && <Time at={dueSince} />}</td>
            </Row>
          ))}
        </tbody>
      </Table>
    </div>
  );
}

function Verification({ verification }: Pick<HealthDetails, 'verification'>) {
  const say = useWords(words);
  const locale = localeOf(useLanguage());
  const { text, finishedAt, users, events, faults, seconds, withCheckpoint } = verification;
  const number = (value: number): string => formatNumber(Math.round(value * 10) / 10, locale);
  return (
    <section aria-labelledby="health-verification">
      <h2 id="health-verification" className={styles.title}>
        {say.verification}
      </h2>
      <div className={styles.card} data-state={finishedAt === null || faults > 0 ? 'down' : 'up'}>
        <p>{text}</p>
        {finishedAt !== null && (
          <p className={styles.soft}>
            <Time at={finishedAt} />, {say.verified(number(users), number(events), number(seconds))},{' '}
            {withCheckpoint ? say.withCheckpoint : say.withoutCheckpoint}
          </p>
        )}
      </div>
    </section>
  );
}

function Versions({ versions }: Pick<HealthDetails, 'versions'>) {
  const say = useWords(words);
  const { startedAt, ...numbers } = versions;
  return (
    <section aria-labelledby="health-versions">
      <h2 id="health-versions" className={styles.title}>
        {say.versions}
      </h2>
      <dl className={styles.versions}>
        {(['roster', 'node', 'postgres', 'schema'] as const).map((name) => (
          <div key={name}>
            <dt>{say.version[name]}</dt>
            <dd>{numbers[name] ?? say.unknown}</dd>
          </div>
        ))}
        <div>
          <dt>{say.version.startedAt}</dt>
          <dd>
            <Time at={startedAt} />
          </dd>
        </div>
      </dl>
    </section>
  );
}
