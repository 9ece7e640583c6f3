import { Link, useNavigate } from '@tanstack/react-router';
import { Activity, AppWindow, CircleHelp, HeartPulse, KeyRound, Users, Webhook } from 'lucide-react';
import { useKeys } from '../keys/keys.js';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import styles from './layout.module.css';
import { words } from './words.js';

/** The pages, in the order of the navigation. Those for admins alone say so themselves to other people who open their address. */
const PAGES = [
  { to: '/people', name: 'people', icon: Users, keys: 'g p', forAdmins: false },
  { to: '/events', name: 'events', icon: Activity, keys: 'g e', forAdmins: true },
  { to: '/webhooks', name: 'webhooks', icon: Webhook, keys: 'g w', forAdmins: true },
  { to: '/applications', name: 'applications', icon: AppWindow, keys: 'g a', forAdmins: true },
  { to: '/service-accounts', name: 'serviceAccounts', icon: KeyRound, keys: 'g k', forAdmins: true },
  { to: '/help', name: 'help', icon: CircleHelp, keys: 'g h', forAdmins: false },
  { to: '/health', name: 'health', icon: HeartPulse, keys: 'g s', forAdmins: true },
] as const;

/** @param onGo a page was chosen */
export function Navigation({ onGo }: { readonly onGo: () => void }) {
  const say = useWords(words);
  const { role } = useViewer();
  const navigate = useNavigate();
  const pages = PAGES.filter(({ forAdmins }) => !forAdmins || role === 'ADMIN');
  useKeys(pages.map(({ to, name, keys }) => ({ keys, does: say.goTo(say[name]), run: () => void navigate({ to }) })));
  return (
    <nav className={styles.nav} aria-label={say.navigation}>
      <ul>
        {pages.map(({ to, name, icon: Icon }) => (
          <li key={to}>
            <Link
              to={to}
              className={styles.link}
              activeOptions={{ exact: false, includeSearch: false }}
              activeProps={{ 'aria-current': 'page' }}
              onClick={onGo}
            >
              <Icon aria-hidden="true" />
              {say[name]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
