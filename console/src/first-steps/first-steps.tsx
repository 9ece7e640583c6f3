import { Link } from '@tanstack/react-router';
import { CircleCheck, Circle, X } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { PREFIX } from '../app/base.js';
import { IconButton } from '../components/button.js';
import { classNames } from '../components/class-names.js';
import { useWords } from '../language/language.js';
import { keep } from '../storage.js';
import styles from './first-steps.module.css';
import { useSteps } from './steps.js';
import { words } from './words.js';

/** What to do after the first start, until all of it is done or somebody does not want to see it any more. */
export function FirstSteps() {
  const say = useWords(words);
  const steps = useSteps();
  const [isHidden, setHidden] = useState(false);
  // A hint that fails to load is none.
  if (isHidden || !steps.data) return null;
  const { invited, registered, mail } = steps.data;
  if (invited && registered && mail) return null;
  const dismiss = (): void => {
    keep('first-steps', 'hidden');
    setHidden(true);
  };
  return (
    <section className={styles.panel} aria-labelledby="first-steps">
      <div className={styles.head}>
        <div>
          <h2 id="first-steps" className={styles.title}>
            {say.title}
          </h2>
          <p className={styles.why}>{say.why}</p>
        </div>
        <IconButton label={say.dismiss} onClick={dismiss}>
          <X aria-hidden="true" />
        </IconButton>
      </div>
      <ol className={styles.steps}>
        <Step name={say.invite} text={say.inviteWhy} done={invited}>
          <Link to="/people/new">{say.inviteGo}</Link>
        </Step>
        <Step name={say.register} text={say.registerWhy} done={registered}>
          <a href={`${PREFIX}/sign-up`} target="_blank" rel="noreferrer">
            {say.registerGo}
          </a>
        </Step>
        <Step name={say.mail} text={say.mailWhy} done={mail}>
          <Link to="/health">{say.mailGo}</Link>
        </Step>
      </ol>
    </section>
  );
}

interface StepProps {
  readonly name: string;
  readonly text: string;
  readonly done: boolean;
  /** Where it is done. */
  readonly children: ReactNode;
}

function Step({ name, text, done, children }: StepProps) {
  const say = useWords(words);
  const Icon = done ? CircleCheck : Circle;
  return (
    <li className={classNames(styles.step, done && styles.done)}>
      <Icon aria-hidden="true" />
      <div>
        <p className={styles.name}>
          {name} <span className="visually-hidden">({done ? say.done : say.open})</span>
        </p>
        {!done && (
          <>
            <p className={styles.text}>{text}</p>
            <p>{children}</p>
          </>
        )}
      </div>
    </li>
  );
}
