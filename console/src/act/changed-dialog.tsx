import { useQuery } from '@tanstack/react-query';
import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { QueryState } from '../components/query-state.js';
import { useWords } from '../language/language.js';
import { useStore } from '../store.js';
import styles from './changed.module.css';
import { type Changed, changedMeanwhile, type Decision } from './questions.js';
import { words } from './words.js';

/** Shows what somebody else has saved meanwhile (412), and lets the person decide; see `useAct`. */
export function ChangedDialog() {
  const asked = useStore(changedMeanwhile.asked);
  return asked && <OpenDialog load={asked.ask} settle={asked.settle} />;
}

interface OpenDialogProps {
  readonly load: () => Promise<Changed>;
  readonly settle: (decided: Decision) => void;
}

function OpenDialog({ load, settle }: OpenDialogProps) {
  const say = useWords(words);
  const changed = useQuery({ queryKey: ['changed-meanwhile'], queryFn: load, gcTime: 0, staleTime: Infinity });
  return (
    <Dialog
      open
      wide
      onClose={() => settle(undefined)}
      title={say.changedTitle}
      actions={
        <>
          <Button onClick={() => settle(undefined)}>{say.back}</Button>
          <Button onClick={() => settle('theirs')}>{say.keepTheirs}</Button>
          <Button
            kind="primary"
            disabled={!changed.data}
            onClick={() => changed.data && settle({ etag: changed.data.etag })}
          >
            {say.saveMine}
          </Button>
        </>
      }
    >
      <p>{say.changedWhy}</p>
      <QueryState query={changed} isEmpty={({ fields }) => fields.length === 0} empty={<p>{say.sameFields}</p>}>
        {({ fields }) => (
          <table className={styles.table}>
            <thead>
              <tr>
                <th scope="col">{say.field}</th>
                <th scope="col">{say.now}</th>
                <th scope="col">{say.yours}</th>
              </tr>
            </thead>
            <tbody>
              {fields.map(({ label, now, yours }) => (
                <tr key={label}>
                  <th scope="row">{label}</th>
                  <td>
                    <Value text={now} />
                  </td>
                  <td>
                    <Value text={yours} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </QueryState>
    </Dialog>
  );
}

function Value({ text }: { readonly text: string | null }) {
  const say = useWords(words);
  return text === null || text === '' ? <span className={styles.empty}>{say.empty}</span> : <>{text}</>;
}
