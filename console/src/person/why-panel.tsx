import { CircleAlert, CircleHelp } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import type { HelpFact, User } from '../api/schema.js';
import { Button } from '../components/button.js';
import { classNames } from '../components/class-names.js';
import { QueryState } from '../components/query-state.js';
import { Skeleton } from '../components/skeleton.js';
import { Time } from '../components/time.js';
import { useWords } from '../language/language.js';
import styles from './person.module.css';
import { useHelp } from './person-queries.js';
import { words } from './words.js';

/** Why the person cannot sign in, in words, with the acts that help; below it what else is known. */
export function WhyPanel({ user, remedies }: { readonly user: User; readonly remedies: ReactNode }) {
  const help = useHelp(user.id);
  return (
    <QueryState query={help} loading={<Skeleton rows={2} />}>
      {({ facts }) => <Facts facts={facts} remedies={remedies} />}
    </QueryState>
  );
}

export function Facts({ facts, remedies }: { readonly facts: readonly HelpFact[]; readonly remedies?: ReactNode }) {
  const say = useWords(words);
  const [isOpen, open] = useState(false);
  const reasons = facts.filter(({ isReason }) => isReason);
  const others = facts.filter(({ isReason }) => !isReason);
  // Something always stands there: without a reason, the first of what else is known.
  const first = reasons.length > 0 ? [] : others.slice(0, 1);
  const rest = others.slice(first.length);
  return (
    <section aria-labelledby="why" className={classNames(styles.why, reasons.length > 0 && styles.whyBad)}>
      <h2 id="why">{reasons.length > 0 ? say.why : say.findings}</h2>
      <ul className={styles.facts}>
        {[...reasons, ...first, ...(isOpen ? rest : [])].map((fact, index) => (
          <Fact key={`${fact.code} ${index}`} fact={fact} />
        ))}
      </ul>
      <div className={styles.buttons}>
        {remedies}
        {rest.length > 0 && (
          <Button kind="quiet" aria-expanded={isOpen} onClick={() => open(!isOpen)}>
            {isOpen ? say.fewerFindings : say.moreFindings(rest.length)}
          </Button>
        )}
      </div>
    </section>
  );
}

function Fact({ fact: { text, at, isReason } }: { readonly fact: HelpFact }) {
  const Icon = isReason ? CircleAlert : CircleHelp;
  return (
    <li className={classNames(styles.fact, isReason && styles.isReason)}>
      <Icon aria-hidden="true" />
      <p>
        {text}
        {at !== null && (
          <span className={styles.soft}>
            {' '}
            <Time at={at} />
          </span>
        )}
      </p>
    </li>
  );
}
