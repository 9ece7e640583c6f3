import { Button } from '../components/button.js';
import { Dialog } from '../components/dialog.js';
import { activeKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { useStore } from '../store.js';
import styles from './key-list.module.css';
import { words } from './words.js';

/** What every key does on the page that is shown. */
export function KeyList({ open, onClose }: { readonly open: boolean; readonly onClose: () => void }) {
  const say = useWords(words);
  const all = new Map(useStore(activeKeys).flatMap((acts) => acts.map(({ keys, does }) => [keys, does] as const)));
  return (
    <Dialog open={open} onClose={onClose} title={say.keys} actions={<Button onClick={onClose}>{say.close}</Button>}>
      <dl className={styles.list} aria-label={say.keysOf}>
        {[...all].map(([keys, does]) => (
          <KeyPair key={keys} keys={keys} does={does} />
        ))}
      </dl>
    </Dialog>
  );
}

function KeyPair({ keys, does }: { readonly keys: string; readonly does: string }) {
  return (
    <>
      <dt>
        <kbd>{keys}</kbd>
      </dt>
      <dd>{does}</dd>
    </>
  );
}
