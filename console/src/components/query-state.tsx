import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { EmptyState, ErrorState, OfflineState } from './states.js';
import { Skeleton } from './skeleton.js';

interface QueryStateProps<T> {
  readonly query: UseQueryResult<T>;
  /** What it shows once there is data. Data that is there stays while it is asked for again, even if that fails. */
  readonly children: (data: T) => ReactNode;
  /** Whether there is nothing to show. */
  readonly isEmpty?: (data: T) => boolean;
  /** What stands there then. */
  readonly empty?: ReactNode;
  /** What stands there while it loads; some grey lines by default. */
  readonly loading?: ReactNode;
}

/** Draws what has become of a query: loading, empty, failed, refused, offline, or what it answered. */
export function QueryState<T>({ query, children, isEmpty, empty, loading }: QueryStateProps<T>) {
  if (query.data !== undefined) {
    return <>{isEmpty?.(query.data) === true ? (empty ?? <EmptyState />) : children(query.data)}</>;
  }
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (query.fetchStatus === 'paused') return <OfflineState />;
  return <>{loading ?? <Skeleton />}</>;
}
