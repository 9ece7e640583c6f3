import type { ClientResponse } from '../api/schema.js';
import { Badge } from '../components/badge.js';
import { useWords } from '../language/language.js';
import styles from './applications.module.css';
import { words } from './words.js';

/** Of which kind an application is. */
export function ApplicationBadges({ application }: { readonly application: ClientResponse }) {
  const say = useWords(words);
  return (
    <span className={styles.badges}>
      <Badge>{application.public ? say.public : say.confidential}</Badge>
      {application.firstParty && <Badge tone="info">{say.firstParty}</Badge>}
    </span>
  );
}
