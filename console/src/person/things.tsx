import type { UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useId } from 'react';
import { QueryState } from '../components/query-state.js';
import { Skeleton } from '../components/skeleton.js';
import styles from './person.module.css';

interface CardProps {
  readonly title: string;
  /** A button beside the title. */
  readonly action?: ReactNode;
  readonly children: ReactNode;
}

/** One part of the page, with its heading. */
export function Card({ title, action, children }: CardProps) {
  const id = useId();
  return (
    <section className={styles.card} aria-labelledby={id}>
      <div className={styles.sectionHead}>
        <h2 id={id}>{title}</h2>
        {action}
      </div>
      {children}
    </section>
  );
}

interface ThingsProps<T extends { readonly id: string }> {
  readonly query: UseQueryResult<readonly T[]>;
  /** What it says where there are none. */
  readonly none: string;
  readonly children: (thing: T) => ReactNode;
}

/** The things of a person of one kind, such as sessions: a short list, each with what may be done with it. */
export function Things<T extends { readonly id: string }>({ query, none, children }: ThingsProps<T>) {
  return (
    <QueryState query={query} loading={<Skeleton rows={2} />}>
      {(things) =>
        things.length === 0 ? (
          <p className={styles.note}>{none}</p>
        ) : (
          <ul className={styles.things}>
            {things.map((thing) => (
              <li key={thing.id} className={styles.thing}>
                {children(thing)}
              </li>
            ))}
          </ul>
        )
      }
    </QueryState>
  );
}
