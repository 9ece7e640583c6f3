import { Outlet } from '@tanstack/react-router';
import { useWords } from '../language/language.js';
import { useSession, ViewerProvider } from '../session/session.js';
import styles from './layout.module.css';
import { Navigation } from './navigation.js';
import { useProductName } from './product-name.js';
import { words } from './words.js';
import { QueryState } from '../components/query-state.js';

/** The frame around every page, for somebody who is signed in. */
export function Layout() {
  const say = useWords(words);
  const session = useSession();
  const product = useProductName();
  return (
    <QueryState query={session}>
      {({ user }) => (
        <ViewerProvider value={user}>
          <div className={styles.layout}>
            <a className={styles.skip} href="#content">
              {say.skip}
            </a>
            <header className={styles.side}>
              <p className={styles.product}>
                <span className={styles.mark} aria-hidden="true" />
                <bdi>{product}</bdi>
              </p>
              <Navigation />
            </header>
            <main id="content" className={styles.main} tabIndex={-1}>
              <Outlet />
            </main>
          </div>
        </ViewerProvider>
      )}
    </QueryState>
  );
}
