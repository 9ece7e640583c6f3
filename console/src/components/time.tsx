import { useEffect } from 'react';
import { exactUtc, localeOf, localTime, relativeTime } from '../language/formats.js';
import { useLanguage, useWords } from '../language/language.js';
import { createStore, useStore } from '../store.js';
import styles from './time.module.css';
import { Tooltip } from './tooltip.js';
import { words } from './words.js';

const TICK_MS = 20_000;
const clock = createStore(Date.now());
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/** The time, for what says how long ago something was: it goes on by itself. */
export function useNow(): Date {
  useEffect(() => {
    if (watchers++ === 0) {
      clock.set(Date.now());
      timer = setInterval(() => clock.set(Date.now()), TICK_MS);
    }
    return () => {
      if (--watchers === 0) clearInterval(timer);
    };
  }, []);
  return new Date(useStore(clock));
}

interface TimeProps {
  /** As the API writes it (RFC 3339). */
  readonly at: string;
  /** Date and time in the reader's zone, rather than how long ago. */
  readonly absolute?: boolean;
}

/** How long ago, and by hover and focus the time in the reader's zone and in UTC. */
export function Time({ at, absolute = false }: TimeProps) {
  const now = useNow();
  const locale = localeOf(useLanguage());
  const say = useWords(words);
  const moment = new Date(at);
  const isNow = Math.abs(moment.getTime() - now.getTime()) < 60_000;
  return (
    <Tooltip text={() => `${localTime(moment, locale)}\n${exactUtc(moment)}`}>
      {/* The exact time is content that the keyboard has to reach, too (WCAG 1.4.13, 2.1.1). */}
      <time dateTime={at} className={styles.time} tabIndex={0}>
        {absolute ? localTime(moment, locale) : isNow ? say.now : relativeTime(moment, now, locale)}
      </time>
    </Tooltip>
  );
}
