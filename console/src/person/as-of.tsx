import { useNavigate } from '@tanstack/react-router';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import { type SyntheticEvent, useId, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import type { User } from '../api/schema.js';
import { StatusBadge } from '../components/badge.js';
import { Button, IconButton } from '../components/button.js';
import { QueryState } from '../components/query-state.js';
import { EmptyState } from '../components/states.js';
import { Time } from '../components/time.js';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { localInput, momentOfInput, type PersonSearch, type Point } from './address.js';
import { Differences } from './differences.js';
import styles from './person.module.css';
import { useChangesSince } from './person-queries.js';
import { words } from './words.js';

interface AsOfProps {
  readonly user: User;
  readonly point: Point;
  /** The state at that point, once it is known. */
  readonly past: User | undefined;
}

/** Chooses a moment to look at, or steps through the versions; what is looked at stands in the address. */
export function AsOfBar({ user, point, past }: AsOfProps) {
  const say = useWords(words);
  const id = useId();
  const navigate = useNavigate();
  const go = (where: Pick<PersonSearch, 'at' | 'version'>) =>
    void navigate({ to: '.', search: (old: PersonSearch) => ({ show: old.show, ...where }) });

  const shown = point === undefined ? user.version : past?.version;
  const older = shown !== undefined && shown > 1 ? () => go({ version: shown - 1 }) : undefined;
  const newer =
    point !== undefined && shown !== undefined
      ? () => go(shown + 1 < user.version ? { version: shown + 1 } : {})
      : undefined;
  useKeys([
    ...(older ? [{ keys: '[', does: say.keys.older, run: older }] : []),
    ...(newer ? [{ keys: ']', does: say.keys.newer, run: newer }] : []),
  ]);

  const given = point && 'at' in point ? point.at : past?.updatedAt;
  const [typed, type] = useState<string>();
  const value = typed ?? (given === undefined ? '' : localInput(new Date(given)));
  const look = (event: SyntheticEvent): void => {
    event.preventDefault();
    const at = momentOfInput(value);
    type(undefined);
    go(at === undefined ? {} : { at });
  };
  return (
    <form className={styles.asOfBar} onSubmit={look}>
      <label htmlFor={id}>
        {say.asOf}
        <input id={id} type="datetime-local" step={1} value={value} onChange={(event) => type(event.target.value)} />
      </label>
      <Button type="submit" disabled={momentOfInput(value) === undefined}>
        {say.asOfGo}
      </Button>
      <span className={styles.buttons}>
        <IconButton label={say.older} disabled={!older} onClick={older}>
          <ChevronLeft aria-hidden="true" />
        </IconButton>
        <span className={styles.versions}>{shown !== undefined && say.versionOf(shown, user.version)}</span>
        <IconButton label={say.newer} disabled={!newer} onClick={newer}>
          <ChevronRight aria-hidden="true" />
        </IconButton>
      </span>
      {point !== undefined && <Button onClick={() => go({})}>{say.backToNow}</Button>}
    </form>
  );
}

interface PastBannerProps {
  readonly user: User;
  readonly past: User;
  readonly point: Exclude<Point, undefined>;
}

/** Says plainly that this is not now, and what has changed since. */
export function PastBanner({ user, past, point }: PastBannerProps) {
  const say = useWords(words);
  const changes = useChangesSince(user, point);
  return (
    <section className={styles.past} aria-labelledby="past">
      <h2 id="past">
        {say.pastTitle}: {say.versionOf(past.version, user.version)} <StatusBadge status={past.status} />
      </h2>
      <p>
        {say.pastWhat} {say.began}: <Time at={past.updatedAt} absolute />
        {'at' in point && (
          <>
            {' · '}
            {say.asOf} <Time at={point.at} absolute />
          </>
        )}
      </p>
      <h3>{say.changedSince}</h3>
      <QueryState query={changes}>
        {({ changes: rows, events }) =>
          rows.length === 0 ? (
            <p>{say.nothingChanged}</p>
          ) : (
            <>
              <p>{say.changesSince(events)}</p>
              <Differences changes={rows} />
            </>
          )
        }
      </QueryState>
    </section>
  );
}

/** Whether the API says that there was no such person at that point. */
export function isBefore(error: Error | null): boolean {
  return error instanceof ApiProblem && error.status === 404;
}

export function NotThen() {
  const say = useWords(words);
  return <EmptyState title={say.notThen} />;
}
