import type { LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Tone } from './badge.js';
import { classNames } from './class-names.js';
import { Time } from './time.js';
import styles from './timeline.module.css';
import tones from './tones.module.css';

/** What happened, newest first: `TimelineItem`s. */
export function Timeline({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <ol className={styles.timeline} aria-label={label}>
      {children}
    </ol>
  );
}

interface TimelineItemProps {
  readonly at: string;
  readonly icon: LucideIcon;
  readonly tone?: Tone;
  /** What happened, in one sentence. */
  readonly title: ReactNode;
  /** What there is to say beside it: what changed, from where, why; buttons, too. */
  readonly children?: ReactNode;
}

export function TimelineItem({ at, icon: Icon, tone = 'neutral', title, children }: TimelineItemProps) {
  return (
    <li className={styles.item}>
      <span className={classNames(styles.icon, tones[tone])} aria-hidden="true">
        <Icon />
      </span>
      <div>
        <div className={styles.head}>
          <span className={styles.title}>{title}</span>
          <span className={styles.time}>
            <Time at={at} />
          </span>
        </div>
        {children !== undefined && <div className={styles.detail}>{children}</div>}
      </div>
    </li>
  );
}
