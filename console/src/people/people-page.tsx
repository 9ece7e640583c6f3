import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useRouter, useSearch } from '@tanstack/react-router';
import { UserPlus } from 'lucide-react';
import { useEffect, useState } from 'react';
import { useAct } from '../act/use-act.js';
import { ApiProblem } from '../api/api-problem.js';
import type { User } from '../api/schema.js';
import { Button } from '../components/button.js';
import { Page } from '../components/page.js';
import { Pager } from '../components/pager.js';
import { QueryState } from '../components/query-state.js';
import { Skeleton } from '../components/skeleton.js';
import { EmptyState } from '../components/states.js';
import { useNow } from '../components/time.js';
import { notify } from '../components/toasts.js';
import { useRowKeys } from '../components/use-row-keys.js';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import { keep, kept } from '../storage.js';
import { BulkBar } from './bulk-bar.js';
import { BulkResults } from './bulk-results.js';
import { PeopleFilters } from './people-filters.js';
import { firstPeople, peopleQuery } from './people-query.js';
import {
  type Column,
  DEFAULT_COLUMNS,
  isFiltered,
  NO_FILTERS,
  type PeopleSearch,
  readPeopleSearch,
} from './people-search.js';
import styles from './people.module.css';
import { PeopleTable } from './people-table.js';
import { MOST_SELECTED, useSelection } from './use-selection.js';
import { words } from './words.js';

/** Everybody: found, filtered, chosen, and acted on. */
export function PeoplePage() {
  const say = useWords(words);
  const search = useSearch({ from: '/people' });
  const navigate = useNavigate({ from: '/people' });
  const viewer = useViewer();
  const now = useNow();
  const selection = useSelection();
  const [names, setNames] = useState<ReadonlyMap<string, string>>(new Map());
  const query = useQuery(peopleQuery(search, now));
  const go = (change: PeopleSearch, replace = false): void =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace });
  const columns = search.columns ?? readPeopleSearch({ columns: kept('columns.people') }).columns ?? DEFAULT_COLUMNS;
  const chooseColumns = (chosen: Column[]): void => {
    keep('columns.people', chosen.join(','));
    go({ columns: chosen }, true);
  };
  const select = (users: readonly User[], isSelected: boolean): void => {
    if (!isSelected) selection.remove(users.map(({ id }) => id));
    else if (selection.add(users) > 0) notify({ text: say.tooMany(MOST_SELECTED) });
  };
  const selectFirst = useAct({
    run: () => firstPeople(search, MOST_SELECTED, now),
    done: (users) => {
      select(users, true);
      return undefined;
    },
    refresh: [],
  });
  const begun = (bulk: string): void => {
    setNames(new Map(selection.people.map(({ id, name }) => [id, name])));
    selection.clear();
    go({ bulk });
  };
  const items = query.data?.items ?? [];
  const open = ({ id }: User): void => void navigate({ to: '/people/$id', params: { id } });
  const at = (index: number, act: (user: User) => void): void => {
    const user = items[index];
    if (user) act(user);
  };
  const { rowProps, focusFirst } = useRowKeys({
    count: items.length,
    onOpen: (index) => at(index, open),
    onToggle: (index) => at(index, (user) => select([user], !selection.has(user.id))),
    says: say.keys,
  });
  // Of other filters, as in an address that was kept: a span before now is another one by then.
  const isStale = query.error instanceof ApiProblem && query.error.fieldError('cursor') !== undefined;
  useEffect(() => {
    if (isStale) void navigate({ search: (before) => ({ ...before, cursor: undefined }), replace: true });
  }, [isStale, navigate]);
  const router = useRouter();
  const someId = items[0]?.id;
  const isListed = someId !== undefined;
  useEffect(() => {
    // The page of a person is what most look at next.
    if (someId !== undefined) void router.preloadRoute({ to: '/people/$id', params: { id: someId } });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once: it is the same page for everybody
  }, [isListed]);
  const hasMore = query.data?.page.nextCursor != null && selection.people.length < MOST_SELECTED;
  const isAnyFilter = isFiltered(search);
  return (
    <Page
      title={say.title}
      actions={
        <Button kind="primary" onClick={() => void navigate({ to: '/people/new' })}>
          <UserPlus aria-hidden="true" />
          {say.create}
        </Button>
      }
    >
      <PeopleFilters search={search} columns={columns} onChange={go} onColumns={chooseColumns} onLeave={focusFirst} />
      <div className={styles.list} data-selection={selection.people.length > 0 ? '' : undefined}>
        <QueryState
          query={query}
          loading={<Skeleton rows={12} />}
          isEmpty={({ items }) => items.length === 0 && search.cursor === undefined}
          empty={
            <EmptyState title={isAnyFilter ? say.noneMatch : say.none}>
              <p>{isAnyFilter ? say.noneMatchWhy : say.noneWhy}</p>
              {search.search !== undefined && (
                <Link to="/help" search={{ about: search.search }}>
                  {say.lookUp}
                </Link>
              )}
              {isAnyFilter ? (
                <Button onClick={() => go(NO_FILTERS)}>{say.clear}</Button>
              ) : (
                <Link to="/people/new">{say.create}</Link>
              )}
            </EmptyState>
          }
        >
          {({ page: { nextCursor, prevCursor } }) => (
            <>
              <PeopleTable
                people={items}
                columns={columns}
                sort={search.sort ?? '-createdAt'}
                onSort={(sort) => go({ sort, cursor: undefined })}
                busy={query.isPlaceholderData}
                selection={selection}
                onSelect={select}
                onOpen={open}
                rowProps={rowProps}
              />
              <Pager
                onPrevious={prevCursor === null ? undefined : () => go({ cursor: prevCursor })}
                onNext={nextCursor === null ? undefined : () => go({ cursor: nextCursor })}
              >
                {say.shown(items.length)}
              </Pager>
            </>
          )}
        </QueryState>
      </div>
      {selection.people.length > 0 && (
        <BulkBar
          people={selection.people}
          viewerId={viewer.id}
          selectFirst={MOST_SELECTED}
          onSelectFirst={hasMore ? () => void selectFirst.start() : undefined}
          onClear={selection.clear}
          onBegun={begun}
        />
      )}
      {search.bulk !== undefined && (
        <BulkResults id={search.bulk} names={names} onClose={() => go({ bulk: undefined }, true)} />
      )}
    </Page>
  );
}
