import { classNames } from '../components/class-names.js';
import { useWords } from '../language/language.js';
import { useStore } from '../store.js';
import { connection } from './connection.js';
import styles from './connection-banner.module.css';
import { words } from './words.js';

/** Says above every page that there is no network or no server, and when there is one again. */
export function ConnectionBanner() {
  const say = useWords(words);
  const state = useStore(connection);
  return (
    // Always there, so that screen readers notice when it is filled.
    <div role="status">
      {state !== 'online' && <p className={classNames(styles.banner, state === 'back' && styles.good)}>{say[state]}</p>}
    </div>
  );
}
