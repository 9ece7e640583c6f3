import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useWords } from '../language/language.js';
import { Button } from './button.js';
import styles from './pager.module.css';
import { words } from './words.js';

interface PagerProps {
  /** To the page before; undefined on the first one. */
  readonly onPrevious?: (() => void) | undefined;
  readonly onNext?: (() => void) | undefined;
  /** What is shown: "50 of about 1,000,000". */
  readonly children?: ReactNode;
}

/** Keyset pages, both ways. */
export function Pager({ onPrevious, onNext, children }: PagerProps) {
  const say = useWords(words);
  return (
    <nav className={styles.pager} aria-label={say.pages}>
      <span>{children}</span>
      <span className={styles.buttons}>
        <Button onClick={onPrevious} disabled={!onPrevious}>
          <ChevronLeft aria-hidden="true" />
          {say.previous}
        </Button>
        <Button onClick={onNext} disabled={!onNext}>
          {say.next}
          <ChevronRight aria-hidden="true" />
        </Button>
      </span>
    </nav>
  );
}
