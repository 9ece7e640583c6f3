import type { ReactNode } from 'react';
import type { UserStatus } from '../api/schema.js';
import { useWords } from '../language/language.js';
import styles from './badge.module.css';
import { classNames } from './class-names.js';
import tones from './tones.module.css';
import { words } from './words.js';

export type Tone = 'neutral' | 'good' | 'warn' | 'bad' | 'info';

/** A word about the state of something; the colour only repeats it. */
export function Badge({ tone = 'neutral', children }: { readonly tone?: Tone; readonly children: ReactNode }) {
  return <span className={classNames(styles.badge, tones[tone])}>{children}</span>;
}

const TONES: Readonly<Record<UserStatus, Tone>> = {
  ACTIVE: 'good',
  PENDING: 'info',
  LOCKED: 'warn',
  SUSPENDED: 'bad',
  DELETED: 'neutral',
};

/** The status of a user, in words. */
export function StatusBadge({ status }: { readonly status: UserStatus }) {
  const { status: names } = useWords(words);
  return <Badge tone={TONES[status]}>{names[status]}</Badge>;
}
