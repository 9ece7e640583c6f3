import type { ReactNode } from 'react';
import { ApiProblem, Unreachable } from '../api/api-problem.js';
import { useWords } from '../language/language.js';
import { Button } from './button.js';
import { classNames } from './class-names.js';
import styles from './state.module.css';
import { words } from './words.js';

interface StateProps {
  readonly title?: string;
  readonly children?: ReactNode;
}

/** Where a list has nothing: says so, and what to do about it. */
export function EmptyState({ title, children }: StateProps) {
  const say = useWords(words);
  return (
    <div className={styles.state}>
      <h2 className={styles.title}>{title ?? say.nothing}</h2>
      {children}
    </div>
  );
}

/** For what the caller may not see: "Not allowed", and why. */
export function RefusedState({ title, children }: StateProps) {
  const say = useWords(words);
  return (
    <div className={styles.state} role="alert">
      <h2 className={styles.title}>{title ?? say.refused}</h2>
      {children ?? <p>{say.refusedWhy}</p>}
    </div>
  );
}

/** While there is no network; what was waited for loads by itself afterwards. */
export function OfflineState() {
  const say = useWords(words);
  return (
    <div className={styles.state} role="status">
      <h2 className={styles.title}>{say.offline}</h2>
      <p>{say.offlineWhy}</p>
    </div>
  );
}

interface ErrorStateProps {
  readonly error: Error;
  /** Asks again. */
  readonly onRetry?: () => void;
}

/** What went wrong, in words, with a button that asks again. A refusal (403) and what is missing (404) look like themselves. */
export function ErrorState({ error, onRetry }: ErrorStateProps) {
  const say = useWords(words);
  const problem = error instanceof ApiProblem ? error : undefined;
  if (problem?.status === 403) {
    return (
      <RefusedState>
        <p>{problem.detail || say.refusedWhy}</p>
      </RefusedState>
    );
  }
  if (problem?.status === 404) {
    return (
      <EmptyState title={say.notFound}>
        <p>{problem.detail || say.notFoundWhy}</p>
      </EmptyState>
    );
  }
  const isUnreachable = error instanceof Unreachable;
  return (
    <div className={classNames(styles.state, styles.bad)} role="alert">
      <h2 className={styles.title}>{isUnreachable ? say.unreachable : (problem?.title ?? say.failed)}</h2>
      <p>{isUnreachable ? say.unreachableWhy : problem?.detail || say.failedWhy}</p>
      {problem?.errors.map(({ path, message }) => (
        <p key={`${path} ${message}`}>
          <code>{path}</code> {message}
        </p>
      ))}
      {problem?.retryAfter !== undefined && <p>{say.retryIn(problem.retryAfter)}</p>}
      {onRetry && <Button onClick={onRetry}>{say.retry}</Button>}
      {problem?.traceId !== undefined && (
        <p className={styles.trace}>
          {say.trace} <code>{problem.traceId}</code>
        </p>
      )}
    </div>
  );
}
