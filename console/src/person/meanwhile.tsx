import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useContext, useState } from 'react';
import { ApiProblem } from '../api/api-problem.js';
import { answer, answerWithEtag, api } from '../api/client.js';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { Refusal } from '../components/refusal.js';
import { useWords } from '../language/language.js';
import { conflictsOf } from './conflict.js';
import { Differences } from './differences.js';
import { personKey } from './person-queries.js';
import { useShown } from './shown-person.js';
import type { PersonAct } from './person-act.js';
import { words } from './words.js';

/** An act that was refused because the person had changed since one looked. */
export interface Refused {
  readonly act: PersonAct;
  /** Of the state that one had seen. */
  readonly etag: string;
  /** Does it again, with the present state. */
  readonly again: (etag: string) => Promise<unknown>;
}

const Context = createContext<(refused: Refused) => void>(() => undefined);

/** Asks what to do about such an act: what changed meanwhile, and whether to do it all the same. */
export const useMeanwhile = (): ((refused: Refused) => void) => useContext(Context);

/** Around everything that can change a person. */
export function Meanwhile({ children }: { readonly children: ReactNode }) {
  const [refused, set] = useState<Refused>();
  return (
    <Context value={set}>
      {children}
      {refused && <MeanwhileDialog key={refused.etag} refused={refused} onClose={() => set(undefined)} onAgain={set} />}
    </Context>
  );
}

interface MeanwhileProps {
  readonly refused: Refused;
  readonly onClose: () => void;
  /** It changed once more. */
  readonly onAgain: (refused: Refused) => void;
}

function MeanwhileDialog({ refused, onClose, onAgain }: MeanwhileProps) {
  const say = useWords(words);
  const { user } = useShown();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<Error>();
  const { id } = user;
  const from = versionOf(refused.etag);
  const changes = useQuery({
    queryKey: [...personKey(id), 'changed meanwhile', from],
    queryFn: async ({ signal }) => {
      const { etag } = await answerWithEtag(api.GET('/users/{id}', { params: { path: { id } }, signal }));
      const query = { from, to: versionOf(etag ?? '') };
      const diff = await answer(api.GET('/users/{id}/diff', { params: { path: { id }, query }, signal }));
      return { etag: etag ?? '', rows: conflictsOf(diff.changes, refused.act.mine) };
    },
    gcTime: 0,
  });
  const close = async (): Promise<void> => {
    await queries.invalidateQueries({ queryKey: personKey(id) });
    onClose();
  };
  const applyMine = async (etag: string): Promise<void> => {
    setBusy(true);
    setError(undefined);
    try {
      await refused.again(etag);
      await close();
    } catch (problem) {
      if (problem instanceof ApiProblem && problem.status === 412) onAgain({ ...refused, etag });
      else setError(problem as Error);
    } finally {
      setBusy(false);
    }
  };
  const now = changes.data;
  return (
    <Dialog
      open
      mustAnswer
      wide
      onClose={onClose}
      title={say.meanwhileTitle}
      actions={
        <>
          <Button onClick={() => void close()}>{say.takeTheirs}</Button>
          <Button kind="primary" busy={busy} disabled={!now} onClick={() => now && void applyMine(now.etag)}>
            {say.applyMine}
          </Button>
        </>
      }
    >
      <p>{say.meanwhileWhat}</p>
      <QueryState query={changes}>
        {({ rows }) =>
          rows.length === 0 ? (
            <p>{say.meanwhileElsewhere}</p>
          ) : (
            <Differences
              seen={say.whatYouSaw}
              theirs={say.theirs}
              mine={say.mine}
              field={say.field}
              caption={say.meanwhileTitle}
              rows={rows}
            />
          )
        }
      </QueryState>
      <Refusal error={error} />
    </Dialog>
  );
}

/** An entity tag of a person is its version in quotation marks. */
function versionOf(etag: string): string {
  return etag.replace(/\D/g, '');
}
