import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, api } from '../api/client.js';
import { refusalText } from '../api/refusals.js';
import type { BulkActResponse, BulkOutcome, BulkResultResponse, Problem, User } from '../api/schema.js';
import { Badge, type Tone } from '../components/badge.js';
import { Button } from '../components/button.js';
import { Checkbox } from '../components/checkbox.js';
import { Dialog } from '../components/dialog.js';
import { Progress } from '../components/progress.js';
import { QueryState } from '../components/query-state.js';
import { HeadCell, Row, Table } from '../components/table.js';
import { useLanguage, useWords } from '../language/language.js';
import { nameOf } from '../person/names.js';
import { PEOPLE_KEY } from './people-query.js';
import styles from './people.module.css';
import { words } from './words.js';

const POLL_MS = 600;
const TONES: Readonly<Record<BulkOutcome, Tone>> = { succeeded: 'good', refused: 'warn', failed: 'bad' };

interface BulkResultsProps {
  readonly id: string;
  /** What the people are called, as far as the page knows. */
  readonly names: ReadonlyMap<string, string>;
  readonly onClose: () => void;
}

/** Progress of a bulk act, and what became of each row. */
export function BulkResults({ id, names, onClose }: BulkResultsProps) {
  const say = useWords(words);
  const queries = useQueryClient();
  const query = useQuery({
    queryKey: ['bulk', id],
    queryFn: ({ signal }): Promise<BulkActResponse> =>
      answer(api.GET('/bulk-acts/{actId}', { params: { path: { actId: id } }, signal })),
    refetchInterval: ({ state }) => (state.data?.state === 'finished' ? false : POLL_MS),
  });
  const isFinished = query.data?.state === 'finished';
  useEffect(() => {
    if (isFinished) void queries.invalidateQueries({ queryKey: PEOPLE_KEY });
  }, [isFinished, queries]);
  return (
    <Dialog
      open
      wide
      onClose={onClose}
      title={query.data ? say.results[query.data.action] : say.result}
      actions={
        <Button kind="primary" onClick={onClose}>
          {say.close}
        </Button>
      }
    >
      <QueryState query={query}>{(act) => <Results act={act} names={names} />}</QueryState>
    </Dialog>
  );
}

function Results({ act, names }: { readonly act: BulkActResponse; readonly names: ReadonlyMap<string, string> }) {
  const say = useWords(words);
  const [showsAll, setShowsAll] = useState(false);
  const isFinished = act.state === 'finished';
  const bad = act.results.filter(({ outcome }) => outcome !== 'succeeded');
  const good = act.results.filter(({ outcome }) => outcome === 'succeeded');
  const rows = showsAll ? [...bad, ...good] : bad;
  return (
    <>
      <Progress label={say.progress[act.action]} done={act.done} total={act.total} />
      <p className={styles.counts} role="status">
        {isFinished && (
          <>
            <Badge tone="good">{say.succeeded(act.succeeded)}</Badge>
            {act.refused > 0 && <Badge tone="warn">{say.refusedCount(act.refused)}</Badge>}
            {act.failed > 0 && <Badge tone="bad">{say.failedCount(act.failed)}</Badge>}
          </>
        )}
      </p>
      {!isFinished && <p className={styles.soft}>{say.goesOn}</p>}
      {rows.length > 0 && (
        <div className={styles.results}>
          <Table label={say.results[act.action]}>
            <thead>
              <tr>
                <HeadCell>{say.person}</HeadCell>
                <HeadCell narrow>{say.result}</HeadCell>
                <HeadCell>{say.why}</HeadCell>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <Row key={row.userId}>
                  <td>
                    <Link to="/people/$id" params={{ id: row.userId }}>
                      <PersonName id={row.userId} known={names.get(row.userId)} looksUp={row.outcome !== 'succeeded'} />
                    </Link>
                  </td>
                  <td>
                    <Badge tone={TONES[row.outcome]}>{say.outcome[row.outcome]}</Badge>
                  </td>
                  <td>
                    <Why result={row} />
                  </td>
                </Row>
              ))}
            </tbody>
          </Table>
        </div>
      )}
      {good.length > 0 && <Checkbox label={say.showAll} checked={showsAll} onChange={setShowsAll} />}
    </>
  );
}

interface PersonNameProps {
  readonly id: string;
  readonly known: string | undefined;
  readonly looksUp: boolean;
}

/** Known from the list, or asked for after a reload; the id of somebody who is not there. */
function PersonName({ id, known, looksUp }: PersonNameProps) {
  const { data } = useQuery({
    queryKey: ['user', id, 'name'],
    queryFn: async ({ signal }): Promise<string | null> => {
      const user: User = await answer(api.GET('/users/{id}', { params: { path: { id } }, signal }));
      return nameOf(user) ?? null;
    },
    enabled: known === undefined && looksUp,
    retry: false,
    staleTime: Infinity,
  });
  return known ?? data ?? <code>{id}</code>;
}

function Why({ result: { code, detail } }: { readonly result: BulkResultResponse }) {
  const language = useLanguage();
  if (code === undefined) return null;
  const problem = { code: code as Problem['code'], detail: detail ?? '' };
  return refusalText(new ApiProblem(409, problem), language);
}
