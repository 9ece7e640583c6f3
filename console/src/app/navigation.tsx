import { Link } from '@tanstack/react-router';
import { Activity, CircleHelp, HeartPulse, Users, Webhook } from 'lucide-react';
import { useWords } from '../language/language.js';
import { useViewer } from '../session/session.js';
import styles from './layout.module.css';
import { words } from './words.js';

/** The pages, in the order of the navigation. Those for admins alone say so themselves to whoever opens their address. */
export const PAGES = [
  { to: '/people', name: 'people', icon: Users, forAdmins: false },
  { to: '/events', name: 'events', icon: Activity, forAdmins: true },
  { to: '/webhooks', name: 'webhooks', icon: Webhook, forAdmins: true },
  { to: '/help', name: 'help', icon: CircleHelp, forAdmins: false },
  { to: '/health', name: 'health', icon: HeartPulse, forAdmins: true },
] as const;

export function Navigation() {
  const say = useWords(words);
  const { role } = useViewer();
  return (
    <nav className={styles.nav} aria-label={say.navigation}>
      <ul>
        {PAGES.filter(({ forAdmins }) => !forAdmins || role === 'ADMIN').map(({ to, name, icon: Icon }) => (
          <li key={to}>
            <Link to={to} className={styles.link} activeProps={{ 'aria-current': 'page' }}>
              <Icon aria-hidden="true" />
              {say[name]}
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  );
}
