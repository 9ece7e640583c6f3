import { Outlet, useLocation } from '@tanstack/react-router';
import { Menu as MenuIcon } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { ActDialogs } from '../act/act-dialogs.js';
import type { CurrentSessionResponse } from '../api/schema.js';
import { IconButton } from '../components/button.js';
import { QueryState } from '../components/query-state.js';
import { RefusedState } from '../components/states.js';
import { Toasts } from '../components/toasts.js';
import { Tooltips } from '../components/tooltip.js';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { ConnectionBanner } from '../session/connection-banner.js';
import { hasEnded, useSession, ViewerProvider } from '../session/session.js';
import { SessionEnded } from '../session/session-ended.js';
import { words as sessionWords } from '../session/words.js';
import { AccountMenu } from './account-menu.js';
import { PREFIX } from './base.js';
import { KeyList } from './key-list.js';
import styles from './layout.module.css';
import { Navigation } from './navigation.js';
import { useProductName } from './product-name.js';
import { kept } from '../storage.js';
import { words } from './words.js';

const FirstSteps = lazy(async () => ({ default: (await import('../first-steps/first-steps.js')).FirstSteps }));

/** The frame around every page: for somebody who is signed in and may look after users. */
export function Layout() {
  const session = useSession();
  const ended = hasEnded(session.error);
  // Whose page this is: it does not become another account's by a sign-in in another tab.
  const [owner, setOwner] = useState<string>();
  const current = session.data?.user.id;
  if (owner === undefined && current !== undefined) setOwner(current);
  const isOther = owner !== undefined && current !== undefined && owner !== current;
  return (
    <>
      <ConnectionBanner />
      {ended && session.data === undefined ? null : (
        <QueryState query={session}>{(data) => <Frame session={data} />}</QueryState>
      )}
      {(ended || isOther) && <SessionEnded other={!ended} />}
      <ActDialogs />
      <Toasts />
      <Tooltips />
    </>
  );
}

function Frame({ session: { user } }: { readonly session: CurrentSessionResponse }) {
  const say = useWords(words);
  const product = useProductName();
  const { pathname } = useLocation();
  const [isOpen, setOpen] = useState(false);
  const [showsKeys, setShowsKeys] = useState(false);
  const showKeys = (): void => {
    setShowsKeys(true);
  };
  useKeys([{ keys: '?', does: say.keys, run: showKeys }]);
  if (user.role === 'AUTHENTICATED') return <Refused role={user.role} />;
  return (
    <ViewerProvider value={user}>
      <div className={styles.layout}>
        <a className={styles.skip} href="#content">
          {say.skip}
        </a>
        <header className={styles.side}>
          <div className={styles.top}>
            <p className={styles.product}>
              <img className={styles.mark} src={`${PREFIX}/assets/icon.svg`} alt="" />
              <bdi>{product}</bdi>
            </p>
            <IconButton
              label={say.menu}
              className={styles.menuButton}
              aria-expanded={isOpen}
              aria-controls="drawer"
              onClick={() => {
                setOpen(!isOpen);
              }}
            >
              <MenuIcon aria-hidden="true" />
            </IconButton>
          </div>
          <div id="drawer" className={styles.drawer} data-closed={isOpen ? undefined : ''}>
            <Navigation
              onGo={() => {
                setOpen(false);
              }}
            />
            <div className={styles.foot}>
              <AccountMenu onKeys={showKeys} />
            </div>
          </div>
        </header>
        <main id="content" className={styles.main} tabIndex={-1}>
          {user.role === 'ADMIN' && pathname === '/people' && kept('first-steps') === null && (
            <Suspense>
              <FirstSteps />
            </Suspense>
          )}
          <Outlet />
        </main>
      </div>
      <KeyList
        open={showsKeys}
        onClose={() => {
          setShowsKeys(false);
        }}
      />
    </ViewerProvider>
  );
}

/** Somebody whose role was taken while the console was open. */
function Refused({ role }: { readonly role: string }) {
  const say = useWords(sessionWords);
  return (
    <main className={styles.alone}>
      <RefusedState title={say.refusedTitle}>
        <p>{say.refusedWhy(role)}</p>
        <p>
          <a href={`${PREFIX}/account`}>{say.account}</a>
        </p>
      </RefusedState>
    </main>
  );
}
